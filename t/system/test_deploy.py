"""deploy/: units that systemd accepts and finds tight, and a log that can be rotated."""

import fcntl
import os
import pwd
import re
import shutil
import signal
import subprocess

import pytest
from burung.server import TOP, binary, wait_for

SYSTEMD = TOP / "deploy/systemd"
needs_systemd = pytest.mark.skipif(
    not shutil.which("systemd-analyze"), reason="systemd-analyze is not installed"
)


@pytest.fixture
def units(tmp_path):
    """The units as make installs them, with a burungd that systemd finds."""
    (tmp_path / "burungd").write_text("#!/bin/sh\n")
    (tmp_path / "burungd").chmod(0o755)
    # A configuration of its own would take longer; tests in parallel have the same build.
    with open(binary().parent / ".units.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = "deploy/systemd/burungd.service"
        subprocess.run(
            ["make", "-s", "-C", binary().parent, "-W", f"{TOP}/{made}.in", made,
             f"bindir={tmp_path}"],
            check=True, capture_output=True,
        )  # fmt: skip
        (binary().parent / made).rename(tmp_path / "burungd.service")
    shutil.copy(SYSTEMD / "burungd.socket", tmp_path)
    return tmp_path


def test_service_runs_the_burungd_that_was_installed(units):
    text = (units / "burungd.service").read_text()
    assert f"\nExecStart={units}/burungd -c " in text
    assert "@" not in re.sub(r"[~]?@[a-z-]+", "", text)  # but for groups of system calls


@needs_systemd
def test_units_are_accepted_by_systemd_without_a_word(units):
    both = [units / "burungd.service", units / "burungd.socket"]
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *both], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout + done.stderr) == (0, "")


@needs_systemd
def test_service_is_exposed_to_at_most_1_5(units):
    done = subprocess.run(
        ["systemd-analyze", "security", "--offline=true", units / "burungd.service"],
        capture_output=True, text=True,
    )  # fmt: skip
    found = re.search(r"Overall exposure level for burungd\.service: ([\d.]+)", done.stdout)
    assert found, done.stdout + done.stderr
    assert float(found.group(1)) <= 1.5


def test_socket_unit_holds_an_address_of_the_default_configuration():
    (held,) = re.findall(r"^ListenStream=(\S+)$", (SYSTEMD / "burungd.socket").read_text(), re.M)
    (listen,) = re.findall(r"^#listen = (.*)$", (TOP / "conf/burungd.conf").read_text(), re.M)
    assert held in listen.split()


def test_package_lets_its_user_read_the_configuration_before_it_starts_the_service(tmp_path):
    conf, log = tmp_path / "burungd.conf", tmp_path / "log"
    conf.touch()
    text = (TOP / "deploy/debian/postinst").read_text()
    for old, new in (
        ("/etc/burung/burungd.conf", str(conf)),
        ("#DEBHELPER#", "echo start >>$LOG"),
    ):
        assert old in text
        text = text.replace(old, new)
    for name, code in {"systemd-sysusers": 0, "chown": 0, "dpkg-statoverride": 1}.items():
        tool = tmp_path / name
        tool.write_text(f'#!/bin/sh\necho {name} "$1" >>$LOG\nexit {code}\n')
        tool.chmod(0o755)
    env = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "LOG": str(log)}
    subprocess.run(["sh", "-c", text, "postinst", "configure"], env=env, check=True)
    assert log.read_text().splitlines() == [
        "dpkg-statoverride --list",
        "systemd-sysusers burung-chat.conf",
        "chown root:burung",
        "start",
    ]
    assert conf.stat().st_mode & 0o777 == 0o640


@pytest.mark.skipif(
    not shutil.which("logrotate", path=os.environ["PATH"] + ":/usr/sbin"),
    reason="logrotate is not installed",
)
def test_rotated_log_goes_on_in_a_new_file_and_the_old_one_is_complete(make_server, tmp_path):
    server = make_server(start=False, limit_requests_user=0)
    log = tmp_path / "logs" / "burungd.log"
    log.parent.mkdir()
    server.write_conf(log_file=log)
    server.start()
    wait_for("ready", lambda: "ready" in log.read_text())
    text = (TOP / "deploy/logrotate").read_text()
    for old, new in (
        ("/var/log/burung-chat", str(log.parent)),
        ("/var/lib/burung-chat", str(server.data)),
        ("su burung burung", f"su {pwd.getpwuid(os.getuid()).pw_name} {os.getgid()}"),
    ):
        assert old in text
        text = text.replace(old, new)
    conf = tmp_path / "logrotate.conf"
    conf.write_text(text)
    conf.chmod(0o644)
    done = subprocess.run(
        ["logrotate", "--force", "--state", tmp_path / "state", conf],
        capture_output=True, text=True, env={"PATH": os.environ["PATH"] + ":/usr/sbin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    wait_for("log reopened", lambda: log.exists() and "log reopened" in log.read_text())
    old = log.with_name("burungd.log.1").read_text()
    assert "] ready" in old
    server.signal(signal.SIGHUP)
    wait_for("workers write there, too", lambda: "drained" in log.read_text())
    assert log.with_name("burungd.log.1").read_text() == old
