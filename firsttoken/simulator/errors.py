"""Refusals, worded and shaped as OpenAI words and shapes them.

Rule: a refusal is raised with everything that its answer needs; only the edge turns it into HTTP.
"""

from math import ceil

import msgspec

KEY_PAGE = "You can find your API key at https://platform.openai.com/account/api-keys."
NO_KEY = (
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth "
    f"(i.e. Authorization: Bearer YOUR_KEY). {KEY_PAGE}"
)
NOT_JSON = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using your HTTP library "
    "correctly. The OpenAI API expects a JSON payload, but what was sent was not valid JSON.)"
)
BROKEN = "The server had an error while processing your request. Sorry about that!"


class ApiError(Exception):
    """A request that gets an error instead of an answer: HTTP status, error body, extra headers."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        kind: str = "invalid_request_error",
        code: str | None = None,
        param: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error = {"message": message, "type": kind, "param": param, "code": code}
        self.headers = headers or {}

    def body(self) -> bytes:
        """Return the JSON body: one object `error` with message, type, param and code."""
        return msgspec.json.encode({"error": self.error})


def not_json() -> ApiError:
    """The body is not JSON at all."""
    return ApiError(400, NOT_JSON)


def invalid(message: str, param: str | None = None, code: str | None = None) -> ApiError:
    """The body is JSON, but not a request that can be served."""
    return ApiError(400, message, param=param, code=code)


def missing(param: str) -> ApiError:
    """A parameter that the endpoint needs is not there."""
    return invalid(f"Missing required parameter: '{param}'.", param, "missing_required_parameter")


def wrong_key(given: str) -> ApiError:
    """The bearer key is absent or another; the answer shows three letters in front and four at the end at most."""
    if not given:
        return ApiError(401, NO_KEY)
    shown = given[:3] + "*" * (len(given) - 7) + given[-4:] if len(given) > 12 else "*" * len(given)
    return ApiError(401, f"Incorrect API key provided: {shown}. {KEY_PAGE}", code="invalid_api_key")


def unknown_model(model: str) -> ApiError:
    """No model of that name is served."""
    message = f"The model `{model}` does not exist or you do not have access to it."
    return ApiError(404, message, code="model_not_found")


def unknown_url(method: str, path: str) -> ApiError:
    """Nothing is served at this path."""
    return ApiError(404, f"Invalid URL ({method} {path})")


def wrong_method(method: str, path: str) -> ApiError:
    """The path exists, for another method."""
    hint = "(HINT: Perhaps you meant to use a different HTTP method?)"
    return ApiError(405, f"Not allowed to {method} on {path} {hint}", code="method_not_supported")


def too_long(window: int, prompt_tokens: int, output_tokens: int, param: str) -> ApiError:
    """Prompt and asked output together do not fit the context window of `window` tokens."""
    if prompt_tokens > window:
        got, advice = f"your {param} resulted in {prompt_tokens} tokens", f"the length of the {param}"
    else:
        total = prompt_tokens + output_tokens
        got = f"you requested {total} tokens ({prompt_tokens} in the {param}, {output_tokens} in the completion)"
        advice = f"the length of the {param} or completion"
    message = f"This model's maximum context length is {window} tokens. However, {got}. Please reduce {advice}."
    return invalid(message, param, "context_length_exceeded")


def rate_limited(message: str, wait_s: float, kind: str = "requests") -> ApiError:
    """Too much at a time; `Retry-After` in whole seconds and `retry-after-ms` say when to come back."""
    headers = {"retry-after": str(ceil(wait_s)), "retry-after-ms": str(ceil(wait_s * 1000))}
    return ApiError(429, message, kind=kind, code="rate_limit_exceeded", headers=headers)


def broken(headers: dict[str, str]) -> ApiError:
    """The server itself failed."""
    return ApiError(500, BROKEN, kind="server_error", headers=headers)
