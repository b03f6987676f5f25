"""docker-compose.yml and Dockerfile: checked, since Docker need not be here to run them."""

import fnmatch
import os
import re
import shlex
import subprocess
import sysconfig
from pathlib import Path

import pytest
import yaml
from burung.server import TOP, binary
from compose_spec import PyCompose

TEXT = (TOP / "docker-compose.yml").read_text()
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
DOCKERFILE = (TOP / "Dockerfile").read_text()
HADOLINT = Path(sysconfig.get_path("scripts")) / "hadolint"
BURUNGDS = ["burungd1", "burungd2", "burungd3"]


def test_compose_file_keeps_to_the_specification():
    plain = re.sub(r"\$\{\w+:[?-][^}]*\}", "x", TEXT)  # what .env brings in
    merged = yaml.safe_dump(yaml.safe_load(plain))  # the checker knows no <<
    PyCompose.from_yaml(merged).validate()


def test_there_is_every_part_of_the_topology():
    assert {*BURUNGDS, "nginx", "redis", "mongo", "mongo-replica-set"} == set(SERVICES)
    assert SERVICES["redis"]["image"].startswith("redis:")
    assert SERVICES["mongo"]["image"].startswith("mongo:")


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_service_is_locked_down_and_comes_back(name):
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    assert service["restart"] in ("unless-stopped", "on-failure")
    assert "privileged" not in service
    if "build" in service:
        stage = stages()[service["build"]["target"]]
        users = re.findall(r"^USER (\S+)$", stage, re.M)
        assert users, "runs as root"
        assert not users[-1].startswith(("root", "0"))
        assert re.search(r"^HEALTHCHECK ", stage, re.M)
    else:
        assert service["user"] not in ("root", "0")
        assert "healthcheck" in service or service["restart"] == "on-failure"


def test_only_nginx_can_be_reached_from_outside():
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["nginx"]
    assert [n for n, each in SERVICES.items() if "outside" in each["networks"]] == ["nginx"]
    assert COMPOSE["networks"]["inside"]["internal"] is True


def test_what_is_waited_for_can_be_waited_for():
    for service in SERVICES.values():
        needs = service.get("depends_on", {})
        for name, how in needs.items() if isinstance(needs, dict) else []:
            if how["condition"] == "service_healthy":
                assert "healthcheck" in SERVICES[name]


@pytest.mark.parametrize("name", BURUNGDS)
def test_burungd_accepts_the_configuration_it_is_given(name, tmp_path):
    given = dict(re.findall(r"(BURUNG_\w+)=(\S+)", stages()["server"]))
    given |= SERVICES[name]["environment"]
    given["BURUNG_DATA"] = given["BURUNG_WWW"] = str(tmp_path)
    values = {"MONGO_PASSWORD": "ab12", "REDIS_PASSWORD": "cd34"}
    given = {
        key: re.sub(r"\$\{(\w+):[?-]([^}]*)\}", lambda m: values.get(m[1], m[2]), value)
        for key, value in given.items()
    }
    assert "$" not in "".join(given.values())
    env = {k: v for k, v in os.environ.items() if not k.startswith("BURUNG_")} | given
    done = subprocess.run([binary(), "-t"], capture_output=True, text=True, env=env)
    assert done.returncode == 0, done.stderr


def test_trusted_network_is_the_one_that_nginx_comes_from():
    (network,) = COMPOSE["networks"]["inside"]["ipam"]["config"]
    for name in BURUNGDS:
        assert SERVICES[name]["environment"]["BURUNG_TRUSTED_PROXIES"] == network["subnet"]


def test_nginx_knows_each_burungd_by_its_name():
    upstream = (TOP / "deploy/docker/upstream.conf").read_text()
    groups = dict(re.findall(r"^upstream (\w+) \{(.*?)^\}", upstream, re.MULTILINE | re.DOTALL))
    assert groups.keys() == {"burungd", "burungd_ws"}
    for servers in groups.values():
        assert re.findall(r"server (\w+):8080 resolve", servers) == BURUNGDS


def test_every_volume_is_declared_and_each_burungd_has_its_own():
    mounts = [each.split(":") for one in SERVICES.values() for each in one.get("volumes", [])]
    for source, *_ in mounts:
        assert source in COMPOSE["volumes"] or (TOP / source).exists(), source
    own = [SERVICES[name]["volumes"] for name in BURUNGDS]
    assert own == [[f"{name}:/data"] for name in BURUNGDS]


# The Dockerfile


def stages() -> dict[str, str]:
    found = re.split(r"^FROM (\S+) AS (\w+)$", DOCKERFILE, flags=re.M)
    return dict(zip(found[2::3], found[3::3], strict=True))


def test_dockerfile_is_clean():
    done = subprocess.run([HADOLINT, TOP / "Dockerfile"], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout


def test_everything_that_is_copied_is_there():
    ignored = (TOP / ".dockerignore").read_text().split()
    for line in re.findall(r"^COPY (.*)$", DOCKERFILE, re.M):
        words = shlex.split(line)
        options = [each for each in words if each.startswith("--")]
        sources = [each for each in words if not each.startswith("--")][:-1]
        stage = next((o.partition("=")[2] for o in options if o.startswith("--from=")), None)
        if stage:
            assert stage in stages(), line
            continue
        for source in sources:
            assert (TOP / source).exists(), line
            assert not any(fnmatch.fnmatch(source, each) for each in ignored), line


def test_build_has_the_packages_that_quickstart_installs_and_mongodb():
    wanted = set(re.findall(r"\blib[a-z0-9-]+-dev\b", (TOP / "quickstart").read_text()))
    has = set(re.findall(r"\blib[a-z0-9-]+-dev\b", stages()["build"]))
    assert has == wanted | {"libmongoc-dev"}


def test_image_has_the_library_of_each_thing_that_is_linked():
    """By the packages of the same Debian; elsewhere they have other names."""
    if "bookworm" not in Path("/etc/os-release").read_text():
        pytest.skip("not Debian 12")
    module = binary().parent / "src/store/mongo/store_mongo.so"
    programs = [binary(), *([module] if module.exists() else [])]
    dump = subprocess.run(["objdump", "-p", *programs], capture_output=True, text=True).stdout
    needed = set(re.findall(r"NEEDED\s+(\S+)", dump)) - {"libc.so.6", "ld-linux-x86-64.so.2"}
    needed = {each for each in needed if not re.match(r"lib(asan|ubsan|tsan|gcc_s|m)\.", each)}
    assert needed
    has = set(re.findall(r"\blib[a-z0-9.+-]+\b", stages()["server"]))
    listed = subprocess.run(
        ["dpkg", "-S", *[f"*/{each}" for each in needed]], capture_output=True, text=True
    ).stdout
    for name in needed:
        owners = {line.split(":")[0] for line in listed.splitlines() if line.endswith(f"/{name}")}
        assert owners & (has | {"libbson-1.0-0"}), f"{name} of {owners}"
