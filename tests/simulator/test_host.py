"""Who may ask which model, and what a model refuses."""

import msgspec
import pytest

from firsttoken.simulator.behaviour import settle
from firsttoken.simulator.dialects.dialect import Ask, Prompt
from firsttoken.simulator.errors import ApiError
from firsttoken.simulator.host import Host, Hosted
from firsttoken.simulator.service import Service
from tests.served import fast

ASK = Ask(model="open", prompt=Prompt(90, (), None), max_tokens=10, stream=True, prompt_param="messages")


def hosted(api_key: str | None = None, **bounds: object) -> Hosted:
    return Hosted(Service("m", settle("m", fast(api_key=api_key)), 7), **bounds)


def test_a_model_without_a_key_serves_anybody():
    open_model = hosted()
    assert Host({"open": open_model}).find("open", key="") is open_model


@pytest.mark.parametrize("key", ["", "wrong", "other-key"])
def test_a_model_with_a_key_serves_only_those_who_have_its_own(key):
    host = Host({"closed": hosted("its-key"), "other": hosted("other-key")})
    with pytest.raises(ApiError) as caught:
        host.find("closed", key)
    assert caught.value.status == 401
    assert host.find("closed", "its-key") is host.models["closed"]


def test_an_unknown_model_is_not_found():
    with pytest.raises(ApiError, match="`gpt-9` does not exist") as caught:
        Host({"open": hosted()}).find("gpt-9", "")
    assert caught.value.status == 404


def test_whoever_has_no_key_does_not_learn_which_models_there_are():
    host = Host({"closed": hosted("its-key")})
    for call in (lambda: host.find("gpt-9", "wrong"), lambda: host.list_models("wrong")):
        with pytest.raises(ApiError) as caught:
            call()
        assert caught.value.status == 401
    assert host.list_models("its-key") == ["closed"]


def test_prompt_and_output_may_fill_the_window_but_not_more():
    hosted(window_tokens=100).check(ASK)
    with pytest.raises(ApiError, match="maximum context length is 99 tokens"):
        hosted(window_tokens=99).check(ASK)


def test_a_model_that_cannot_see_refuses_an_image_and_one_of_unknown_sight_takes_it():
    with_image = msgspec.structs.replace(ASK, prompt=Prompt(90, (), "messages.[0].content.[1]"))
    with pytest.raises(ApiError, match="image_url is only supported by certain models"):
        hosted(images=False).check(with_image)
    hosted(images=True).check(with_image)
    hosted().check(with_image)
