"""Whether two names are of one model."""

import pytest

from firsttoken.scenario.model_names import is_same_model


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("m", "m"),
        ("m", "M"),
        ("m", "m-2026-01-01"),
        ("m-2026-01-01", "m"),
        ("gpt-4", "gpt-4-0613"),
        ("claude-sonnet-4", "claude-sonnet-4-20250514"),
        ("claude-sonnet-4-latest", "claude-sonnet-4-20250514"),
        ("mistral-large-latest", "mistral-large-2411"),
        ("gemini-2.5-pro", "gemini-2.5-pro-preview-05-06"),
        ("gemini-2.0-flash", "models/gemini-2.0-flash-001"),
        ("openai/gpt-5.4", "gpt-5.4"),
        ("gpt-5.4", "openai/gpt-5.4-2026-03-01"),
        ("us.anthropic.claude-sonnet-4-20250514-v1:0", "claude-sonnet-4-20250514"),
        ("command-r", "command-r-08-2024"),
        ("llama3", "llama3:latest"),
        ("meta/llama-3.1:free", "meta/llama-3.1"),
        ("nano", "/srv/models/nano.Q4_K_M.gguf"),
        ("claude-sonnet-4", "claude-sonnet-4@20250514"),
        ("meta-llama/Llama-3.1-8B-Instruct", "llama-3.1-8b-instruct"),
    ],
)
def test_an_alias_and_what_it_stands_for_are_one_model(asked, served):
    assert is_same_model(asked, served)


@pytest.mark.parametrize(
    ("asked", "served"),
    [
        ("m", "m-mini"),
        ("m-mini", "m"),
        ("gpt-5", "gpt-5.4"),
        ("gpt-4o", "gpt-4o-mini-2024-07-18"),
        ("gpt-4o-2024-05-13", "gpt-4o-2024-08-06"),
        ("claude-3", "claude-3-5"),
        ("openai/m", "openai/n"),
        ("llama3:8b", "llama3:70b"),
        ("gpt-5.4", "gpt-5.4-mini-2026-03-05"),
        ("nope", "nano"),
        ("", "m"),
        ("broken-model", "chat-model"),
        ("claude-sonnet-4-20250514-v1:0", "claude-sonnet-4-20250915"),
    ],
)
def test_another_size_or_another_stated_version_is_another_model(asked, served):
    assert not is_same_model(asked, served)
