"""The providers that Chofesh knows, and where each is reached by default."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from providers.dialects import anthropic_messages, gemini_generate, openai_chat
from providers.request import Endpoint
from providers.wire import Dialect

# "demo" is not among them: nothing of it goes over a wire.
DIALECTS: Mapping[str, Dialect] = {
    "openai_chat": openai_chat,
    "anthropic_messages": anthropic_messages,
    "gemini_generate": gemini_generate,
}


@dataclass(frozen=True, slots=True)
class Provider:
    """`base_url` is empty where there is nothing to call (demo) or only the admin knows it.

    `key_url` is the page where a key is made, `key_prefix` how its keys begin, as a hint for
    people only. `is_local` servers run beside Chofesh and load a model on its first use.
    """

    id: str
    name: str
    dialect: str = "openai_chat"
    base_url: str = ""
    needs_key: bool = True
    key_url: str = ""
    key_prefix: str = ""
    is_local: bool = False


_PROVIDERS = (
    Provider(
        "openai",
        "OpenAI",
        base_url="https://api.openai.com/v1",
        key_url="https://platform.openai.com/api-keys",
        key_prefix="sk-",
    ),
    Provider(
        "anthropic",
        "Anthropic",
        dialect="anthropic_messages",
        base_url="https://api.anthropic.com",
        key_url="https://platform.claude.com/settings/keys",
        key_prefix="sk-ant-",
    ),
    Provider(
        "google",
        "Google Gemini",
        dialect="gemini_generate",
        base_url="https://generativelanguage.googleapis.com",
        key_url="https://aistudio.google.com/apikey",
        key_prefix="AIza",
    ),
    Provider(
        "mistral",
        "Mistral",
        base_url="https://api.mistral.ai/v1",
        key_url="https://console.mistral.ai/api-keys",
    ),
    Provider(
        "deepseek",
        "DeepSeek",
        base_url="https://api.deepseek.com",
        key_url="https://platform.deepseek.com/api_keys",
        key_prefix="sk-",
    ),
    Provider(
        "xai",
        "xAI",
        base_url="https://api.x.ai/v1",
        key_url="https://console.x.ai",
        key_prefix="xai-",
    ),
    Provider(
        "openrouter",
        "OpenRouter",
        base_url="https://openrouter.ai/api/v1",
        key_url="https://openrouter.ai/settings/keys",
        key_prefix="sk-or-",
    ),
    Provider(
        "groq",
        "Groq",
        base_url="https://api.groq.com/openai/v1",
        key_url="https://console.groq.com/keys",
        key_prefix="gsk_",
    ),
    Provider(
        "together",
        "Together AI",
        base_url="https://api.together.ai/v1",
        key_url="https://api.together.ai/settings/api-keys",
    ),
    Provider(
        "fireworks",
        "Fireworks AI",
        base_url="https://api.fireworks.ai/inference/v1",
        key_url="https://app.fireworks.ai/settings/users/api-keys",
        key_prefix="fw_",
    ),
    Provider(
        "cerebras",
        "Cerebras",
        base_url="https://api.cerebras.ai/v1",
        key_url="https://cloud.cerebras.ai",
        key_prefix="csk-",
    ),
    Provider(
        "ollama", "Ollama", base_url="http://127.0.0.1:11434/v1", needs_key=False, is_local=True
    ),
    Provider(
        "lmstudio", "LM Studio", base_url="http://127.0.0.1:1234/v1", needs_key=False, is_local=True
    ),
    Provider("vllm", "vLLM", base_url="http://127.0.0.1:8000/v1", needs_key=False, is_local=True),
    Provider("openai_compatible", "Other OpenAI-compatible server", needs_key=False),
    Provider("demo", "Demo", dialect="demo", needs_key=False, is_local=True),
)

PROVIDERS: Mapping[str, Provider] = {provider.id: provider for provider in _PROVIDERS}


def default_endpoint(provider_id: str, environment: Mapping[str, str]) -> Endpoint:
    """The provider's own address, or the one in `CHOFESH_<PROVIDER>_BASE_URL`.

    Raises `KeyError` for a provider that is not in `PROVIDERS`.
    """
    provider = PROVIDERS[provider_id]
    moved = environment.get(base_url_variable(provider_id), "")
    return Endpoint(provider_id, moved.rstrip("/") or provider.base_url, provider.dialect)


def base_url_variable(provider_id: str) -> str:
    return f"CHOFESH_{provider_id.upper()}_BASE_URL"


def moved_hosts(environment: Mapping[str, str]) -> frozenset[str]:
    """The `host:port` of every address the server's operator moved a provider to.

    Whoever sets the environment runs the server, so these may be private; add them to the allowed
    hosts of the address policy.
    """
    moved = [environment.get(base_url_variable(provider_id), "") for provider_id in PROVIDERS]
    return frozenset(_host_and_port(url) for url in moved if url)


def _host_and_port(url: str) -> str:
    parts = urlsplit(url)
    port = parts.port or (443 if parts.scheme == "https" else 80)
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    return f"{host}:{port}"
