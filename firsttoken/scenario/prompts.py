"""The file of prompts of a scenario: where it is, what it says of the lengths, and its conversations.

Rule: the file is read where it is needed and never copied. A path is looked for in the scenario's folder, then in the
working directory; the resolved scenario names what was found, the lengths that stand for it and what its bytes were, so
that nothing else is ever asked under its name.
"""

from pathlib import Path

from firsttoken.scenario.format import Traffic
from firsttoken.scenario.values import ScenarioError
from firsttoken.traffic.prompt_file import Conversation, PromptFile, PromptFileError, read_prompt_file


def fill_prompts(traffic: dict[str, object], folder: Path) -> None:
    """Write into [traffic], as it stands in the file, where its prompts are, how long they are, and their digest.

    Words of a conversation are counted as `count_words` does, and stand for tokens as those of drawn prompts do. A
    table that is not what it should be is left for the format to refuse. Raises ScenarioError.
    """
    name = traffic.get("prompts")
    if not isinstance(name, str) or not name:
        return
    path = next((path for path in (folder / name, Path(name)) if path.is_file()), None)
    if path is None:
        raise ScenarioError(
            f"traffic.prompts: expected a file of prompts, got no {name} in {folder}, the scenario's folder, nor in "
            "the working directory"
        )
    file = _read(path)
    _check_digest(path, file, traffic.get("prompts_digest"))
    median, p95 = file.lengths()
    lengths = {"median": float(median), "p95": float(p95)}
    if "input_tokens" in traffic and traffic["input_tokens"] != lengths:
        raise ScenarioError(
            f"traffic.input_tokens: expected none beside prompts, whose file has its own lengths (median {median:,}, "
            f"p95 {p95:,}), got {traffic['input_tokens']}; leave it out"
        )
    traffic |= {"prompts": str(path), "prompts_digest": file.digest, "input_tokens": lengths}


def read_prompts(traffic: Traffic) -> list[Conversation]:
    """The conversations of a resolved scenario; none where it has no file. Raises ScenarioError."""
    if not traffic.prompts:
        return []
    path = Path(traffic.prompts)
    if not path.is_file():
        raise ScenarioError(
            f"traffic.prompts: expected the file that the run began with at {path}, got none; put it back there, or "
            "continue in the directory in which the run began"
        )
    file = _read(path)
    _check_digest(path, file, traffic.prompts_digest)
    return file.conversations


def _read(path: Path) -> PromptFile:
    try:
        return read_prompt_file(path)
    except PromptFileError as error:
        raise ScenarioError(f"traffic.prompts: {error}") from None


def _check_digest(path: Path, file: PromptFile, written: object) -> None:
    """Refuse a file that is not the one that a resolved scenario was made with. Raises ScenarioError."""
    if written not in (None, "", file.digest):
        raise ScenarioError(
            f"traffic.prompts: expected {path} as it was when this scenario was resolved ({written}), got another file "
            f"({file.digest}); put the old one back, or leave out prompts_digest and input_tokens to ask the new one"
        )
