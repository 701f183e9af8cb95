"""How a server, a proxy or a helper may spell a credential that it repeats."""

import base64
import html
import json
import urllib.parse


def spell(text, user="octocat"):
    """Name of a spelling -> the text in it. All of them fit into a JSON string and an HTTP body."""
    data = text.encode()
    encoded = base64.b64encode(data).decode()
    joined = base64.b64encode(f"{user}:{text}".encode()).decode()
    return {
        "plain": text,
        "in capitals": text.upper(),
        "base64": encoded,
        "base64 without padding": encoded.rstrip("="),
        "base64 of URLs": base64.urlsafe_b64encode(data).decode().rstrip("="),
        "auth": joined,
        "auth without padding": joined.rstrip("="),
        "auth of another name": base64.b64encode(f"x-access:{text}".encode()).decode(),
        "auth in a URL": urllib.parse.quote(joined, safe=""),
        "hex": data.hex(),
        "hex in capitals": data.hex().upper(),
        "URL": "".join(f"%{byte:02X}" for byte in data),
        "URL, what must be": urllib.parse.quote(text, safe="").replace("_", "%5F"),
        "HTML": "".join(f"&#{byte};" for byte in data),
        "HTML in hex": "".join(f"&#x{byte:x};" for byte in data),
        "HTML, what must be": html.escape(text).replace("_", "&lowbar;"),
        "JSON in JSON": "".join(f"\\u{byte:04x}" for byte in data),
        "quoted in JSON": json.dumps(text),
        "quoted-printable": "".join(f"={byte:02X}" for byte in data),
        "hex with colons": data.hex(":"),
        "list of numbers": str(list(data)),
        "base32": base64.b32encode(data).decode(),
        "in pieces": " ".join(text),
    }


def cut(text):
    """Whole, and short of one byte at an end or at both."""
    return [text, text[1:], text[:-1], text[1:-1]]
