"""The table of dialects: an API is a file beside this one, and an entry here."""

from firsttoken.wire.dialects.chat import CHAT
from firsttoken.wire.dialects.completions import COMPLETIONS
from firsttoken.wire.dialects.dialect import Dialect
from firsttoken.wire.dialects.responses import RESPONSES

DIALECTS: dict[str, Dialect] = {dialect.name: dialect for dialect in (CHAT, COMPLETIONS, RESPONSES)}
