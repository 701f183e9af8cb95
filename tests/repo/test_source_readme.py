"""src/README.md speaks of files, functions, tables and arrows that there are."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "src" / "README.md").read_text()
NAMED = re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```$", "", PAGE, flags=re.MULTILINE | re.DOTALL))
SOURCES = "".join(path.read_text() for wing in ("src", "include")
                  for path in (ROOT / wing).rglob("*.[ch]"))


def test_every_file_is_there():
    """With its whole path, or as a source or header of the components."""
    files = [name for name in NAMED if re.fullmatch(r"\w[\w.-]*(/[\w.-]+)+|[\w-]+\.([ch1]|json)", name)]
    assert len(files) > 60
    for name in files:
        if name == "build/PRESET":
            continue
        assert any((ROOT / place / name).exists() for place in ("", "src", "include")), name


def test_scripts_and_presets_are_there():
    for name in re.findall(r"scripts/[\w.-]+", PAGE):
        assert (ROOT / name).exists(), name
    presets = (ROOT / "CMakePresets.json").read_text()
    for name in re.search(r"CMakePresets.json` \(`([^`]+)`\)", PAGE)[1].split():
        assert f'"name": "{name}"' in presets, name


def test_every_name_of_the_code_is_there():
    names = [name.removesuffix("()") for name in NAMED if re.fullmatch(r"\w+_\w+(\(\))?", name)]
    names += [name for name in NAMED if re.fullmatch(r"(struct \w+|CLASS_\w+)", name)]
    assert len(names) > 8
    for name in names:
        assert re.search(rf"\b{re.escape(name)}\b", SOURCES), name


def test_the_arrows_are_those_of_the_lint():
    """`a --> b` between components in the diagram, and what lint.sh lets them include."""
    lint = (ROOT / "scripts" / "lint.sh").read_text()
    allowed = {wing: set(others.split()) - {wing}
               for wing, others in re.findall(r'^    \[(\w+)\]="([\w ]+)"$', lint, re.MULTILINE)}
    allowed = {wing: others for wing, others in allowed.items() if "base" in others | {wing}}
    drawn = {wing: set() for wing in allowed}
    for wing, other in re.findall(r"^ +(\w+)(?:\[[^\]]*\])? --> (\w+)", PAGE, re.MULTILINE):
        if wing in drawn and other in drawn:
            drawn[wing].add(other)
    assert set(drawn) == {"cli", "credential", "registry", "store", "base"}
    for wing, others in allowed.items():
        reached = set(drawn[wing])
        for other in drawn[wing]:
            reached |= drawn[other]
        assert reached == others, wing


def test_what_contributors_are_sent_to_is_there():
    page = (ROOT / ".github" / "CONTRIBUTING.md").read_text()
    for name in re.findall(r"`((?:src|include|tests|scripts)/[\w./-]+)`", page):
        assert name.endswith(("/COMPONENT", "/NAME")) or (ROOT / name).exists(), name
