"""What msgspec raises for bytes that do not hold what they should, in every version that is allowed.

Rule: who decodes bytes that something else wrote catches all of it. Broken UTF-8 is a DecodeError or Python's own
error, by version, and what nests without end breaks the recursion first.
"""

import msgspec

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
