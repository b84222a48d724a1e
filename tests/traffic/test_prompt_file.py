"""Files of prompts: what a line may be, what is refused, and which line a request gets."""

from pathlib import Path

import pytest

from firsttoken.traffic.prompt_file import PromptFileError, draw_conversation, read_prompt_file

LINES = """
{"prompt": "Explain this diff.", "id": 7}

{"messages": [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Hello there"}]}
[{"role": "user", "content": "One two three four five six seven"}]
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "prompts.jsonl"
    path.write_text(text)
    return path


def test_a_line_is_a_prompt_messages_or_a_bare_list(tmp_path: Path) -> None:
    file = read_prompt_file(write(tmp_path, "\ufeff" + LINES))

    assert [[message["role"] for message in each] for each in file.conversations] == [
        ["user"],
        ["system", "user"],
        ["user"],
    ]
    assert file.conversations[0] == ({"role": "user", "content": "Explain this diff."},)
    assert file.lengths() == (4, 7)
    assert file.digest != read_prompt_file(write(tmp_path, LINES)).digest


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ('{"prompt": "a"', 'line 2: expected JSON, got \'{"prompt": "a"\' '),
        ('"a"', "line 2: expected an object or a list of messages, got 'a'"),
        ('{"text": "a"}', 'line 2: expected "messages" or "prompt", got text'),
        ('{"prompt": "a", "messages": []}', 'line 2: expected "messages" or "prompt", got messages and prompt'),
        ('{"messages": "a"}', "line 2: expected \"messages\" to be a list, got 'a'"),
        ('{"prompt": 3}', 'line 2: expected "prompt" to be a text, got 3'),
        ('{"prompt": ""}', "line 2: expected a prompt with a text in it, got an empty one"),
        ("[]", "line 2: expected a text or a list of messages, got an empty list"),
        (
            '[{"role": "assistant", "content": "a"}]',
            'line 2: expected the last message to have the role "user", got "assistant"',
        ),
    ],
)
def test_a_line_that_is_no_conversation_is_refused_with_its_number(tmp_path: Path, line: str, fault: str) -> None:
    path = write(tmp_path, f'{{"prompt": "good"}}\n{line}\n')

    with pytest.raises(PromptFileError) as refused:
        read_prompt_file(path)

    assert str(refused.value).startswith(f"{path}: {fault}")


def test_all_faults_are_counted_and_the_first_are_shown(tmp_path: Path) -> None:
    with pytest.raises(PromptFileError, match=r"line 5: .*; and 3 more lines$"):
        read_prompt_file(write(tmp_path, "{}\n" * 8))


def test_a_file_that_is_not_there_or_empty_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PromptFileError, match="expected a readable file of prompts, got: No such file or directory"):
        read_prompt_file(tmp_path / "none.jsonl")
    with pytest.raises(PromptFileError, match="got an empty file"):
        read_prompt_file(write(tmp_path, "\n\n"))


def test_a_request_gets_the_same_line_for_every_target_and_all_lines_come_up(tmp_path: Path) -> None:
    conversations = read_prompt_file(write(tmp_path, LINES)).conversations
    drawn = [draw_conversation(conversations, seed=7, user=user, turn=3) for user in range(40)]

    assert drawn == [draw_conversation(conversations, seed=7, user=user, turn=3) for user in range(40)]
    assert all(each in drawn for each in conversations)
    assert drawn != [draw_conversation(conversations, seed=8, user=user, turn=3) for user in range(40)]
