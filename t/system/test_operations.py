"""doc/OPERATIONS.md: what it tells a new administrator to type is right as far as can be tried
without being the administrator of a machine."""

import re
import subprocess

import pytest
from burung.server import TOP, binary

TEXT = (TOP / "doc/OPERATIONS.md").read_text()
STEPS = TEXT[TEXT.index("## From nothing") : TEXT.index("\n## Start")]
BLOCKS = re.findall(r"```sh\n(.*?)```", STEPS, re.S)


def test_commands_of_the_first_steps_are_good_shell():
    assert len(BLOCKS) >= 9
    done = subprocess.run(["bash", "-n"], input="".join(BLOCKS), text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


def test_configuration_of_the_first_steps_is_accepted(tmp_path):
    (text,) = re.findall(r"<<END\n(.*?)^END$", STEPS, re.S | re.M)
    conf = tmp_path / "burungd.conf"
    for old, new in (
        ("$name", "chat.example.org"),
        ("/var/lib/burung-chat", str(tmp_path)),
        ("/usr/local/share/burung-chat/www", str(tmp_path)),
    ):
        assert old in text
        text = text.replace(old, new)
    conf.write_text(text)
    done = subprocess.run([binary(), "-t", "-c", conf], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_files_named_in_the_first_steps_exist_and_agree():
    assert "nginx/burung-chat.conf" in STEPS
    site = (TOP / "nginx/burung-chat.conf").read_text()
    for path in re.findall(r"/etc/nginx/burung-chat\.(?:crt|key)", STEPS):
        assert path in site
    unit = (TOP / "deploy/systemd/burungd.service.in").read_text()
    (conf,) = set(re.findall(r"-c (/etc/\S+)", STEPS))
    assert set(re.findall(r"-c (/etc/\S+)", unit)) == {conf}
    assert "StateDirectory=burung-chat\n" in unit
    assert "data = /var/lib/burung-chat\n" in STEPS


def test_libraries_of_the_first_steps_are_those_that_quickstart_installs():
    needed = set(re.findall(r"\blib[a-z0-9]+-dev\b", (TOP / "quickstart").read_text()))
    assert needed == set(re.findall(r"\blib[a-z0-9]+-dev\b", BLOCKS[1]))


@pytest.mark.parametrize("name", ["ARCHITECTURE", "OPERATIONS", "PROTOCOL"])
def test_links_within_a_document_lead_somewhere(name):
    text = (TOP / f"doc/{name}.md").read_text()
    headings = re.findall(r"^#+ (.*)$", text, re.M)
    anchors = {re.sub(r"[^\w\- ]", "", each).lower().replace(" ", "-") for each in headings}
    assert set(re.findall(r"\]\(#([^)]*)\)", text)) - anchors == set()
    for path in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", text):
        assert (TOP / "doc" / path).exists(), path
