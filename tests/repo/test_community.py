"""Issue forms, the security policy and the changelog: well-formed, and true of this version."""

import re
from datetime import date
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[2]
FORMS = {path.stem: yaml.safe_load(path.read_text())
         for path in (ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")}
CONFIG = FORMS.pop("config")
SECURITY = (ROOT / ".github" / "SECURITY.md").read_text()
CHANGELOG = (ROOT / "CHANGELOG.md").read_text()
VERSION = re.search(r"^project\(ghcr-login VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(),
                    re.MULTILINE)[1]
KINDS = {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}


def asked(form):
    return {part["id"]: part for part in form["body"] if part["type"] != "markdown"}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_is_what_github_takes(name):
    form = FORMS[name]
    assert set(form) <= {"name", "description", "title", "labels", "body"}
    assert form["name"] and form["description"]
    questions = asked(form)
    assert len(questions) == sum(part["type"] != "markdown" for part in form["body"])
    labels = [part["attributes"]["label"] for part in questions.values()]
    assert len(set(labels)) == len(labels)
    for part in form["body"]:
        assert part["type"] in {"markdown", "textarea", "input", "dropdown"}
        assert set(part) <= {"type", "id", "attributes", "validations"}
    assert any(part.get("validations", {}).get("required") for part in questions.values())


@pytest.mark.parametrize("name", ["login", "stored"])
def test_a_bug_needs_json_and_verbose_output_and_no_token(name):
    questions = asked(FORMS[name])
    for identifier, word in (("json", "--json"), ("verbose", "-v"), ("version", "--version")):
        assert word in questions[identifier]["attributes"]["label"]
        assert questions[identifier]["validations"]["required"]
    assert "**Do not paste a token" in FORMS[name]["body"][0]["attributes"]["value"]


def test_a_vulnerability_is_not_reported_in_public():
    assert CONFIG["blank_issues_enabled"] is False
    assert "not in public" in CONFIG["contact_links"][0]["about"].lower()
    assert "security/advisories/new" in SECURITY and "Send no real token" in SECURITY


def test_the_changelog_keeps_its_form():
    headings = re.findall(r"^## (.*)$", CHANGELOG, re.MULTILINE)
    assert headings[0] == "[Unreleased]"
    days = []
    for heading in headings[1:]:
        version, day = re.fullmatch(r"\[(\d+\.\d+\.\d+)\] - (\d{4}-\d\d-\d\d)", heading).groups()
        days.append(date.fromisoformat(day))
        assert f"\n[{version}]: " in CHANGELOG
    assert days == sorted(days, reverse=True)
    assert set(re.findall(r"^### (.*)$", CHANGELOG, re.MULTILINE)) <= KINDS


def test_the_changelog_has_this_version():
    assert re.search(rf"^## \[{re.escape(VERSION)}\] - ", CHANGELOG, re.MULTILINE)
    assert f"\n[Unreleased]: ../../compare/v{VERSION}...HEAD\n" in CHANGELOG
