#!/usr/bin/env python3
"""Draw README's pictures and write its figures, from .github/figures.json alone.

usage: scripts/pictures.py [DIRECTORY]      (scripts/pictures.sh measures, and calls this)

What DIRECTORY has of bench.json, survivors.json and session.json goes into figures.json first.
tests/repo/test_pictures.py holds pictures and README to figures.json.
"""

import json
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from xml.sax.saxutils import escape

ROOT = Path(__file__).resolve().parents[1]
PLACE = ROOT / ".github"
FIGURES = PLACE / "figures.json"
README = ROOT / "README.md"

COLUMNS = 94                # of the terminal
LINE, CHARACTER = 18, 7.83  # pixels, of a monospaced font of 13
COMMENTS = {False: "# The secret did not reach this host: GHCR_TOKEN is empty.",
            True: "# Now it is named in 'envs:'."}
PANEL, BAR, NAME = 372, 18, 86

SESSION = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" role="img" aria-labelledby="title">
<title id="title">A terminal: docker login fails without a reason, ghcr-login names it, \
then logs in, and docker pulls</title>
<style>
text {{ font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; \
fill: #e6edf3; white-space: pre }}
.typed {{ font-weight: bold }} .note {{ fill: #9198a1 }} .bad {{ fill: #ff7b72 }} .good {{ fill: #3fb950 }}
</style>
<rect width="100%" height="100%" rx="8" fill="#151b23" stroke="#59636e"/>
{lines}
</svg>
"""

CHART = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" \
viewBox="0 0 {width} {height}" role="img" aria-labelledby="title">
<title id="title">What one login costs, and what is left of 16 logins at once</title>
<style>
text {{ font: 12px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328 }}
.head {{ font-weight: bold }} .end {{ text-anchor: end }}
.paper {{ fill: #fff; stroke: #d1d9e0 }} .ours {{ fill: #1a7f37 }} .other {{ fill: #818b98 }}
@media (prefers-color-scheme: dark) {{
text {{ fill: #e6edf3 }} .paper {{ fill: #151b23; stroke: #3d444d }} .ours {{ fill: #3fb950 }}
}}
</style>
<rect class="paper" x=".5" y=".5" width="{inner_width}" height="{inner_height}" rx="8"/>
{panels}
</svg>
"""


def session_lines(steps):
    """(class, text) of each line of the terminal."""
    secret = None
    for step in steps:
        if step["secret"] != secret:
            if secret is not None:
                yield "", ""
            secret = step["secret"]
            yield "note", COMMENTS[secret]
        yield "typed", f"$ {step['typed']}"
        for line in step["said"]:
            kind = "good" if line.startswith("Login Succeeded") else \
                "bad" if line.startswith(("Error", "ghcr-login: ")) else ""
            for part in textwrap.wrap(line, COLUMNS, break_on_hyphens=False):
                yield kind, part


def session(data):
    lines = list(session_lines(data["session"]))
    drawn = [f'<text class="{kind}" x="16" y="{28 + LINE * number}">{escape(text)}</text>'
             for number, (kind, text) in enumerate(lines) if text]
    return SESSION.format(width=round(COLUMNS * CHARACTER) + 32, height=len(lines) * LINE + 30,
                          lines="\n".join(drawn).replace(' class=""', ""))


def span(counts):
    """"16", or "2 to 3"."""
    low, high = min(counts), max(counts)
    return f"{low}" if low == high else f"{low} to {high}"


def panels(data):
    """(title, [(name, value, label), ...]) of each panel."""
    def login(title, key, unit, form="{:g}"):
        rows = [(name, cost[key], form.format(cost[key]) + unit)
                for name, cost in data["login"].items()]
        return title, rows

    yield login("Time of one login", "wall", " ms", "{:.0f}")
    yield login("CPU time", "cpu", " ms", "{:.0f}")
    yield login("Memory at the peak", "memory", " MiB")
    yield login("Round trips, from cold", "round_trips", "")
    yield "Left of 16 logins at once into one file", [
        (name, sum(counts) / len(counts), span(counts)) for name, counts in data["survivors"].items()]
    yield "Time that 10,000 other entries in the file add", [
        (name, added, f"{added:.0f} ms") for name, added in
        ((name, sizes["10000"]["wall"] - sizes["10"]["wall"]) for name, sizes in data["growth"].items())]


def chart(data):
    drawn, y = [], 0
    found = list(panels(data))
    for number, (title, rows) in enumerate(found):
        left, top = 18 + number % 2 * PANEL, y + 28
        drawn.append(f'<text class="head" x="{left}" y="{top}">{escape(title)}</text>')
        largest = max(value for _, value, _ in rows)
        for row, (name, value, label) in enumerate(rows):
            drawn += bar(left, top + 8 + row * BAR, name, value / largest, label)
        if number % 2 or number == len(found) - 1:
            y += 34 + BAR * max(len(rows), len(found[number - number % 2][1]))
    width, height = 2 * PANEL + 16, y + 16
    return CHART.format(width=width, height=height, inner_width=width - 1, inner_height=height - 1,
                        panels="\n".join(drawn))


def bar(left, top, name, share, label):
    ours = name in ("static", "dynamic", "ghcr-login")
    shown = {"static": "ghcr-login", "dynamic": "dynamic build"}.get(name, name)
    width = round((PANEL - NAME - 96) * share)
    yield f'<text class="end" x="{left + NAME}" y="{top + 13}">{shown}</text>'
    yield (f'<rect class="{"ours" if ours else "other"}" x="{left + NAME + 6}" y="{top + 2}"'
           f' width="{width}" height="{BAR - 4}"/>')
    yield f'<text x="{left + NAME + 12 + width}" y="{top + 13}">{escape(label)}</text>'


def readme_lines(data):
    """{how a line of README begins: the line}."""
    login, survivors = data["login"], data["survivors"]
    others = ("docker", "podman", "skopeo")

    def row(title, ours, form):
        docker, podman, skopeo = (form(login[name]) for name in others)
        theirs = podman if podman == skopeo else f"{podman}, {skopeo}"
        return f"| {title} | {ours} | {docker} | {theirs} |"

    def both(form):
        return f"{form(login['static'])} (dynamic build: {form(login['dynamic'])})"

    def of(key, unit, digits=0):
        return lambda cost: f"{cost[key]:.{digits}f} {unit}"

    def trips(cost):
        return f"{cost['connections']} / {cost['round_trips']}"

    rows = [row("one login: time", both(of("wall", "ms")), of("wall", "ms")),
            row("one login: CPU time", both(of("cpu", "ms")), of("cpu", "ms")),
            row("one login: memory", both(of("memory", "MiB", 1)), of("memory", "MiB", 1)),
            row("connections / round trips, from cold", trips(login["static"]), trips),
            "| 16 logins at once into one file leave |"
            f" {span(survivors['ghcr-login'])} | {span(survivors['docker'])} |"
            f" {span(survivors['podman'])}, {span(survivors['skopeo'])} |",
            f"Medians of {data['logins']} logins, in the quietest of {data['rounds']} rounds, with "
            + ", ".join(f"{name} {data['versions'][name]}" for name in others) + "."]
    return {re.match(r"\| [^|]* \||Medians of", line)[0]: line for line in rows}


def with_lines(text, lines):
    """The README with these lines in the place of those that begin so."""
    for begin, line in lines.items():
        text, count = re.subn(f"^{re.escape(begin)}.*$", lambda _: line, text, flags=re.MULTILINE)
        if count != 1:
            sys.exit(f"pictures: README has {count} lines that begin with '{begin}'")
    return text


def versions():
    """{name: "28.2.2"} of the peers that are installed."""
    found = {}
    for name in ("docker", "podman", "skopeo"):
        shown = subprocess.run([name, "--version"], capture_output=True, text=True, check=True).stdout
        found[name] = re.search(r"\d+\.\d+(\.\d+)?", shown)[0]
    return found


def collect(directory, data):
    """Take over what was measured now."""
    for name in ("bench", "survivors", "session"):
        path = Path(directory) / f"{name}.json"
        if path.exists():
            found = json.loads(path.read_text())
            data.update({**found, "versions": versions()} if name == "bench" else {name: found})
    return data


def written(data):
    """As JSON, a line for each thing that was measured."""
    text = json.dumps(data, indent=1)
    return re.sub(r'[\[{][^\[\]{}]*[\]}]', lambda found: re.sub(r"\n\s*", " ", found[0]), text) + "\n"


def main():
    data = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    if sys.argv[1:]:
        data = collect(sys.argv[1], data)
        FIGURES.write_text(written(data))
    (PLACE / "session.svg").write_text(session(data))
    (PLACE / "figures.svg").write_text(chart(data))
    README.write_text(with_lines(README.read_text(), readme_lines(data)))


if __name__ == "__main__":
    main()
