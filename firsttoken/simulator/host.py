"""The models that one simulator process hosts: who may ask which, and what each refuses."""

from dataclasses import dataclass

from firsttoken.simulator.dialects.dialect import Ask
from firsttoken.simulator.errors import invalid, too_long, unknown_model, wrong_key
from firsttoken.simulator.service import Service


@dataclass(frozen=True)
class Hosted:
    """One model: its service and its bounds, None where it has none that we know of."""

    service: Service
    window_tokens: int | None = None
    images: bool | None = None

    def check(self, ask: Ask) -> None:
        """Raise ApiError (400) for an image the model cannot see, or a request longer than its context window."""
        if ask.prompt.image_at and self.images is False:
            raise invalid("Invalid content type. image_url is only supported by certain models.", ask.prompt.image_at)
        output_tokens = ask.max_tokens or 0
        if self.window_tokens is not None and ask.prompt.tokens + output_tokens > self.window_tokens:
            raise too_long(self.window_tokens, ask.prompt.tokens, output_tokens, ask.prompt_param)


class Host:
    """The hosted models by the name that requests use."""

    def __init__(self, models: dict[str, Hosted]) -> None:
        self.models = models

    def find(self, name: str, key: str) -> Hosted:
        """Return the model a request names; raises ApiError: 401 for a wrong key, 404 for an unknown name."""
        hosted = self.models.get(name)
        self._check_key(key, [hosted] if hosted else list(self.models.values()))
        if hosted is None:
            raise unknown_model(name)
        return hosted

    def list_models(self, key: str) -> list[str]:
        """Return the names; raises ApiError (401) for a key that opens no model."""
        self._check_key(key, list(self.models.values()))
        return list(self.models)

    def _check_key(self, key: str, models: list[Hosted]) -> None:
        keys = {hosted.service.behaviour.api_key for hosted in models}
        if None not in keys and key not in keys:
            raise wrong_key(key)
