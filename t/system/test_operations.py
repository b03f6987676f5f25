"""doc/OPERATIONS.md: what it tells a new administrator to type is right as far as can be tried
without being the administrator of a machine."""

import fcntl
import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
from burung.front import NGINX
from burung.server import TOP, binary, free_port, wait_for

TEXT = (TOP / "doc/OPERATIONS.md").read_text()
STEPS = TEXT[TEXT.index("## From nothing") : TEXT.index("\n## Start")]
BLOCKS = re.findall(r"```sh\n(.*?)```", STEPS, re.S)


def test_commands_of_the_first_steps_are_good_shell():
    assert len(BLOCKS) >= 9
    done = subprocess.run(["bash", "-n"], input="".join(BLOCKS), text=True, capture_output=True)
    assert done.returncode == 0, done.stderr


# The steps are walked in a folder that stands for a machine: what makes and edits files is
# done, what would change this machine is not.


def steps(heading: str) -> dict[int, list[str]]:
    """The blocks of each numbered step of a section."""
    section = re.search(rf"^## {heading}$(.*?)(?=^## )", TEXT, re.S | re.M).group(1)
    numbered = re.split(r"^\*\*(\d+)\. ", section, flags=re.M)
    return {
        int(number): re.findall(r"```sh\n(.*?)```", text, re.S)
        for number, text in zip(numbered[1::2], numbered[2::2], strict=True)
    }


FIRST = steps("From nothing to a running server with TLS")
THREE = steps("Three hosts")
FOLDERS = ("etc", "usr/local/share", "usr/share/burung-chat", "var/lib/burung-chat", "var/log")
MADE = ("etc/nginx/sites-available", "etc/nginx/sites-enabled", "etc/nginx/conf.d", "etc/redis",
        "var/lib/burung-chat", "var/log/nginx", "usr/local/share/burung-chat/www",
        "usr/share/burung-chat/www", "source/nginx", "bin")  # fmt: skip
NOTHING = ("apt-get", "systemctl", "systemd-sysusers", "systemd-tmpfiles", "id", "make", "curl")
NGINX_CONF = """pid {root}/pid; error_log {root}/error.log; events {{}}
http {{ access_log off; client_body_temp_path {root}/t1; proxy_temp_path {root}/t2;
fastcgi_temp_path {root}/t3; uwsgi_temp_path {root}/t4; scgi_temp_path {root}/t5;
include {root}/etc/nginx/conf.d/*.conf; include {root}/etc/nginx/sites-enabled/*; }}
"""


class Walk:
    """A machine, as a folder, on which blocks are typed."""

    def __init__(self, root: Path):
        self.root = root
        for folder in MADE:
            (root / folder).mkdir(parents=True)
        (root / "nginx.conf").write_text(NGINX_CONF.format(root=root))
        for path in (TOP / "nginx").glob("*.conf"):
            text = self.inside(path.read_text())
            text = re.sub(r"\tlisten \[::\].*\n", "", text)
            text = re.sub(r"listen (?:80|443)\b", lambda _: f"listen 127.0.0.1:{free_port()}", text)
            (root / "source/nginx" / path.name).write_text(text)
        for name in NOTHING:
            self.tool(name, ":")
        for name in ("autogen", "configure"):
            self.tool(f"../source/{name}", ":")
        self.tool("journalctl", "echo setup code")
        self.tool("scp", 'mkdir -p "$3/www"')
        self.tool("nginx", f"exec {NGINX} -e {root}/error.log -c {root}/nginx.conf $*")
        crt, live = root / "etc/nginx/burung-chat.crt", root / "etc/letsencrypt/live"
        self.tool(
            "certbot",
            f"live={live}/chat.example.org; mkdir -p $live; cp {crt} $live/fullchain.pem\n"
            f"cp {crt.with_suffix('.key')} $live/privkey.pem",
        )
        (root / "bin/burungd").symlink_to(binary())

    def tool(self, name: str, text: str) -> None:
        path = self.root / "bin" / name
        path.write_text(f"#!/bin/sh\n{text}\n")
        path.chmod(0o755)

    def inside(self, text: str) -> str:
        """With paths of this machine as those of the folder."""
        return re.sub(rf"(?<![\w.])/({'|'.join(FOLDERS)})\b", rf"{self.root}/\1", text)

    def types(self, *blocks: str) -> str:
        """All of it must succeed; what is added to a file must find it there."""
        text = self.inside("".join(blocks))
        text = re.sub(r"^(cat >>(\S+) )", r"test -f \2\n\1", text, flags=re.M)
        done = subprocess.run(
            ["bash", "-e"], input=text, text=True, capture_output=True, cwd=self.root / "source",
            env={**os.environ, "PATH": f"{self.root}/bin:{os.environ['PATH']}"},
        )  # fmt: skip
        assert done.returncode == 0, f"{text}\n{done.stdout}{done.stderr}"
        return done.stdout

    def file(self, path: str) -> Path:
        return self.root / path


needs_nginx = pytest.mark.skipif(
    not (NGINX and shutil.which("openssl")), reason="nginx or openssl is not installed"
)


@needs_nginx
def test_first_steps_can_be_walked_from_the_first_to_the_last(tmp_path):
    walk = Walk(tmp_path)
    assert list(FIRST) == list(range(1, 10))
    (name,) = re.findall(r"^name=.*\n", TEXT[: TEXT.index("**1. ")], re.M)
    said = walk.types(name, *(block for blocks in FIRST.values() for block in blocks))
    assert "burungd.conf: ok" in said
    site = walk.file("etc/nginx/sites-enabled/burung-chat").read_text()
    assert f"{walk.root}/etc/letsencrypt/live/chat.example.org/privkey.pem" in site


@needs_nginx
def test_nginx_of_three_hosts_can_be_set_up_by_the_steps_it_is_sent_to(tmp_path):
    walk = Walk(tmp_path)
    first, second = THREE[4]
    assert "by step 6 above" in TEXT
    walk.types(first, *FIRST[6], second, *FIRST[8])
    site = walk.file("etc/nginx/conf.d/burung-chat-hosts.conf").read_text()
    assert f"{walk.root}/etc/letsencrypt/live/chat.example.org/privkey.pem" in site
    assert walk.file("etc/nginx/conf.d/burung-chat-upstream.conf").exists()


def test_each_of_three_hosts_can_be_set_up(tmp_path):
    walk = Walk(tmp_path)
    folder = walk.file("etc/burung")
    folder.mkdir()
    with open(binary().parent / ".units.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        subprocess.run(
            ["make", "-s", "-C", binary().parent, "-W", f"{TOP}/conf/burungd.conf",
             "deploy/burungd.conf", "pkgdatadir=/usr/share/burung-chat"], check=True,
        )  # fmt: skip
        packaged = (binary().parent / "deploy/burungd.conf").read_text()
    conf = folder / "burungd.conf"
    conf.write_text(walk.inside(packaged))
    walk.types(*THREE[3])
    assert re.findall(r"^listen = .*$", conf.read_text(), re.M) == ["listen = 10.0.0.11:8080"]
    done = subprocess.run([binary(), "-t", "-c", conf], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    unit = walk.file("etc/systemd/system/burungd.socket.d/address.conf").read_text()
    assert "ListenStream=\nListenStream=10.0.0.11:8080\n" in unit


@pytest.mark.skipif(not shutil.which("redis-server"), reason="redis-server is not installed")
def test_redis_of_three_hosts_takes_its_configuration_and_asks_for_the_password(tmp_path):
    walk = Walk(tmp_path)
    walk.types(*THREE[1])
    conf, path = walk.file("etc/redis/redis.conf"), tmp_path / "redis.sock"
    redis = subprocess.Popen(
        ["redis-server", conf, "--port", "0", "--unixsocket", path, "--dir", tmp_path],
        stdout=subprocess.PIPE, text=True,
    )  # fmt: skip

    def says(*commands: str) -> list[str]:
        with socket.socket(socket.AF_UNIX) as line:
            line.connect(str(path))
            line.sendall("".join(f"{each}\r\n" for each in commands).encode())
            answers = line.makefile()
            return [answers.readline().strip() for _ in commands]

    try:
        wait_for("its socket", lambda: path.exists() or redis.poll() is not None)
        assert redis.poll() is None, redis.stdout.read()
        assert says("PING")[0].startswith("-NOAUTH")
        assert says("AUTH put-the-password-here", "PING") == ["+OK", "+PONG"]
    finally:
        redis.terminate()
        redis.wait(20)


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
