"""What the simulator says and how it counts: one word is one token, in prompts and in answers alike.

Rule: an answer is a stretch of one fixed text, so its words are known from where it starts and how long it is.
"""

from collections.abc import Iterator
from itertools import cycle, islice

TEXT = """
The first word of an answer is the one a reader waits for. Until it comes the screen is still and every second feels
long; once it has come the rest may follow at the pace of reading and nobody minds. So a service that speaks early and
then steadily is liked better than one that thinks long and then pours everything out at once, even where both end at
the same moment. That is why two clocks are kept for every request: one runs from the question to the first word, the
other from word to word. Under load both grow, though seldom together. A queue in front of the machine delays the first
word and leaves the pace alone; a full batch slows the pace and leaves the start almost as it was. Whoever watches a
single average sees neither. Errors hide in averages too, for an answer that failed at once looks like a fast one, and a
request that was sent again looks like two. It is better to write down each attempt, with what it asked, when it began,
when the first word arrived, when the last one did and how it ended, and to do the arithmetic afterwards. Then anyone
can ask a new question of the same evidence, and two people who disagree can find the line on which they differ.
"""

WORDS = [word.encode() for word in TEXT.split()]
SPACED = [b" " + word for word in WORDS]


def count_tokens(text: str) -> int:
    """Return how many tokens a text is: its words, parted by white space."""
    return len(text.split())


def speak(start: int, tokens: int) -> Iterator[bytes]:
    """Yield the words of an answer of that many tokens, from word `start` of the text on; all but the first begin
    with a space, so that joining them gives the text. The words need no escaping in JSON.
    """
    begin = start % len(WORDS)
    yield from islice([WORDS[begin]], tokens)
    yield from islice(cycle(SPACED), begin + 1, begin + tokens)


def write_out(start: int, tokens: int) -> str:
    """Return the whole answer as one text."""
    return b"".join(speak(start, tokens)).decode()
