"""ISBN and ASIN: normal forms with check digits (judgement.md 1)."""

import re

_DROP = str.maketrans("", "", " -_\u2010\u2011\u2012\u2013\u00a0")
_ASIN = re.compile(r"B(?=[A-Z]*[0-9])[A-Z0-9]{9}\Z")


def isbn13(text: str) -> str:
    """The valid ISBN as 13 digits, '' when it is none (10-digit forms are converted)."""
    if len(text) > 40:
        return ""
    digits = text.translate(_DROP).replace("x", "X")
    if not digits.isascii():
        return ""
    if len(digits) == 13 and digits.isdecimal() and digits[:3] in ("978", "979"):
        return digits if _check13(digits[:12]) == digits[12] else ""
    if len(digits) == 10 and digits[:9].isdecimal() and (digits[9].isdecimal() or digits[9] == "X"):
        total = sum((10 - i) * (10 if c == "X" else int(c)) for i, c in enumerate(digits))
        if total % 11 == 0:
            body = "978" + digits[:9]
            return body + _check13(body)
    return ""


def _check13(body: str) -> str:
    total = sum(int(c) * (3 if i % 2 else 1) for i, c in enumerate(body))
    return str((10 - total % 10) % 10)


def asin(text: str) -> str:
    """The ASIN (`B` and nine of A-Z 0-9 with at least one digit), '' when it is none."""
    candidate = text.strip()
    return candidate if _ASIN.match(candidate) else ""
