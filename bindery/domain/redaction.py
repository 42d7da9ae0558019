"""Taking secrets out of URLs and texts (acquisition.md 2.9, security-rulings.md 9)."""

import re

MASK = "REDACTED"

_NAMES = (
    "key|api_key|apikey|jackett_apikey|token|access_token|auth|authkey|passkey|rsskey|torrent_pass"
    "|pass|password|r|i|uid|sid"
)
# Some sites write `/getnzb/x.nzb&i=1&r=KEY` without any question mark.
_PARAM = re.compile(rf"([?&;])({_NAMES})=([^&;#\s]*)", re.IGNORECASE)
_USERINFO = re.compile(r"(?<=://)[^/@\s]*@")
_PATH_TOKEN = re.compile(r"(?<=/)(?=[^/?#&]*\d)(?=[^/?#&]*[A-Za-z])[A-Za-z0-9_-]{24,}(?=[/?#&]|$)")


def redact_url(url: str, mask: str = MASK) -> str:
    """The URL for logs and people: secret parameters, userinfo and long path tokens masked."""
    masked = _PARAM.sub(rf"\1\2={mask}", _USERINFO.sub(f"{mask}@", url))
    return _PATH_TOKEN.sub(mask, masked)


def strip_secrets(url: str) -> str:
    """The URL without its secret parameters and userinfo; still good to open in a browser."""
    bare = _PARAM.sub(lambda found: "?" if found[1] == "?" else "", _USERINFO.sub("", url))
    return bare.replace("?&", "?").rstrip("?&")


def mask_values(text: str, secrets: tuple[str, ...]) -> str:
    """The text with every known secret masked; secrets shorter than four letters are left alone
    because they would mask ordinary words.
    """
    for secret in secrets:
        if len(secret) >= 4:
            text = text.replace(secret, MASK)
    return text


def carries_secret(url: str) -> bool:
    """Whether some parameter of this URL is a secret."""
    return any(found[3] for found in _PARAM.finditer(url))
