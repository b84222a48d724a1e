"""What an error says of asking again: the wait that it asks for, and whether the account's credit is spent.

Rule: pure. A code of billing says that credit is spent; words are believed only where neither a wait nor a code of a
rate limit is reported, as some vendors say the same of a minute's quota.
"""

import re

from firsttoken.row import CREDIT_SPENT, Row
from firsttoken.wire.fields.error_text import ServerError

SPENT = (
    "insufficientquota", "insufficientbalance", "insufficientcredit", "insufficientfunds", "insufficientuserquota",
    "creditlimit", "creditsexhausted", "creditbalance", "nocredit", "outofcredit", "balanceexhausted",
    "paymentrequired", "402", "billing", "budgetexceeded", "exceededcurrentquota", "spendlimit", "spendinglimit",
    "accountoverdue", "arrearage", "trialexpired", "notenoughbalance", "notenoughcredit", "outofquota",
)  # fmt: skip
"""How codes begin, in small letters and without signs, that mean that there is no credit left: OpenAI's, Anthropic's,
DeepSeek's, Moonshot's, LiteLLM's, OpenRouter's, Together's, Volcengine's and DashScope's."""
PASSING = ("ratelimit", "toomanyrequests", "resourceexhausted", "throttl", "concurrencylimit")
"""How codes begin of what passes by waiting."""
WORDS = re.compile(
    r"credit balance is too low|insufficient (account )?(balance|credit|funds|quota)|balance is (insufficient|too low)"
    r"|(no|out of|not enough) (credits?|balance)\b|(used|exhausted) all (of )?(your )?(available |included )?credits"
    r"|exceeded your current quota, please check your plan and billing|payment required|billing hard limit"
    r"|(add|purchase|buy) (more )?credits|top up your|account is in arrears|budget has been exceeded",
    re.IGNORECASE,
)
"""What messages say, where no code does."""
PAYMENT_REQUIRED = 402


def record_refusal(row: Row, refused: ServerError) -> None:
    """Write what an error says of asking again into the row; a wait in the head goes before one in the body."""
    if row.retry_after_ms is None:
        row.retry_after_ms = refused.retry_after_ms
    if CREDIT_SPENT not in row.checks and (row.http_status == PAYMENT_REQUIRED or lacks_credit(refused)):
        row.checks.append(CREDIT_SPENT)


def lacks_credit(refused: ServerError) -> bool:
    """Whether a server refused because the credit is spent."""
    if any(code.startswith(SPENT) for code in refused.codes):
        return True
    passes = refused.retry_after_ms is not None or any(code.startswith(PASSING) for code in refused.codes)
    return not passes and WORDS.search(refused.words) is not None
