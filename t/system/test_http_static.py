"""The files of the built client: types, caching, variants, and no way out of the folder."""

import gzip
import os

import pytest
from burung.probe import Answer, Probe, get, wait_for

HTML = "Accept: text/html,application/xhtml+xml,*/*;q=0.8"
SCRIPT = b"export const answer = 42;\n" * 100


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    top = tmp_path_factory.mktemp("site")
    (top / "secret.txt").write_text("not for you")
    www = top / "www"
    (www / "assets").mkdir(parents=True)
    (www / "deep/er").mkdir(parents=True)
    (www / ".well").mkdir()
    (www / "index.html").write_text("<!doctype html><title>index</title>")
    (www / "assets/app-Bx12.js").write_bytes(SCRIPT)
    (www / "assets/app-Bx12.js.gz").write_bytes(gzip.compress(SCRIPT))
    (www / "assets/app-Bx12.js.br").write_bytes(b"pretended brotli")
    (www / "assets/only-gz.css").write_text("a{}")
    (www / "assets/only-gz.css.gz").write_bytes(gzip.compress(b"a{}"))
    (www / "deep/er/a b%41.txt").write_text("deep")
    (www / "empty.txt").write_text("")
    (www / ".env").write_text("secret")
    (www / ".well/known.txt").write_text("secret")
    (www / "deep/.hidden").write_text("secret")
    (www / "out.txt").symlink_to(top / "secret.txt")
    (www / "up").symlink_to(top)
    (www / "in.txt").symlink_to("empty.txt")
    os.mkfifo(www / "pipe.txt")
    (www / "big.png").write_bytes(os.urandom(3_000_000))
    for name in TYPES:
        (www / name).write_text("content of " + name)
    return www


@pytest.fixture(scope="module")
def site(folder):
    with Probe("-s", str(folder)) as probe:
        yield probe


TYPES = {
    "a.html": "text/html; charset=utf-8",
    "a.js": "text/javascript; charset=utf-8",
    "a.css": "text/css; charset=utf-8",
    "a.json": "application/json",
    "a.svg": "image/svg+xml",
    "a.png": "image/png",
    "a.ico": "image/x-icon",
    "a.webmanifest": "application/manifest+json",
    "a.woff2": "font/woff2",
    "a.txt": "text/plain; charset=utf-8",
    "a.map": "application/json",
    "a.wasm": "application/wasm",
    "a.unknown": "application/octet-stream",
    "noext": "application/octet-stream",
    "A.HTML": "text/html; charset=utf-8",
}


@pytest.mark.parametrize("name", TYPES)
def test_a_file_has_its_type(site, name):
    answer = site.ask(get(f"/{name}"))
    assert (answer.status, answer.text) == (200, f"content of {name}")
    assert answer.headers["content-type"] == TYPES[name]
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_the_root_is_the_index(site):
    assert "<title>index" in site.ask(get("/")).text
    assert "<title>index" in site.ask(get("/?a=b")).text


def test_hashed_names_are_kept_for_ever_and_others_asked_for_again(site):
    hashed = site.ask(get("/assets/app-Bx12.js")).headers
    assert hashed["cache-control"] == "public, max-age=31536000, immutable"
    for path in ("/", "/a.js", "/index.html"):
        assert site.ask(get(path)).headers["cache-control"] == "no-cache"


# Variants -------------------------------------------------------------------------------------


def variant(site: Probe, accept: str | None, path: str = "/assets/app-Bx12.js") -> Answer:
    answer = site.ask(get(path, *([f"Accept-Encoding: {accept}"] if accept is not None else [])))
    assert answer.status == 200
    assert answer.headers["vary"] == "Accept-Encoding"
    return answer


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        (None, None),
        ("", None),
        ("identity", None),
        ("deflate", None),
        ("gzip", "gzip"),
        ("br", "br"),
        ("gzip, deflate, br", "br"),
        ("gzip;q=1.0, br;q=0.5", "gzip"),
        ("br;q=0, gzip", "gzip"),
        ("gzip;q=0, br;q=0.000", None),
        ("*", "br"),
        ("br;q=0, *;q=0.1", "gzip"),
    ],
)
def test_the_variant_that_the_client_likes_best_is_sent(site, accept, coding):
    answer = variant(site, accept)
    assert answer.headers.get("content-encoding") == coding
    assert answer.headers["content-type"] == "text/javascript; charset=utf-8"
    if coding == "gzip":
        assert gzip.decompress(answer.body) == SCRIPT
    else:
        assert answer.body == (b"pretended brotli" if coding == "br" else SCRIPT)


def test_a_variant_that_is_not_there_is_not_sent(site):
    assert variant(site, "br", "/assets/only-gz.css").text == "a{}"
    answer = variant(site, "br, gzip;q=0.2", "/assets/only-gz.css")
    assert answer.headers["content-encoding"] == "gzip"


# Entity tags ----------------------------------------------------------------------------------


def test_a_known_tag_gets_304_without_a_body(site):
    with site.wire() as wire:
        tag = wire.send(get("/a.js")).answer().headers["etag"]
        assert tag.startswith('"') and tag.endswith('"')
        for known in (tag, f'"other", {tag}', f"W/{tag}", "*"):
            answer = wire.send(get("/a.js", f"If-None-Match: {known}")).answer()
            assert (answer.status, answer.body) == (304, b"")
            assert answer.headers["etag"] == tag
            assert answer.headers["cache-control"] == "no-cache"
        assert wire.send(get("/a.js", 'If-None-Match: "other"')).answer().status == 200


def test_each_variant_has_a_tag_of_its_own(site):
    tags = {variant(site, accept).headers["etag"] for accept in ("", "gzip", "br")}
    assert len(tags) == 3


def test_a_file_that_changes_gets_another_tag_though_size_and_time_stay(site, folder):
    path = folder / "changing.txt"
    path.write_text("one")
    os.utime(path, (1, 1))
    first = site.ask(get("/changing.txt")).headers["etag"]
    path.write_text("two")
    os.utime(path, (1, 1))
    assert site.ask(get("/changing.txt", f"If-None-Match: {first}")).text == "two"


def test_the_same_content_has_the_same_tag_on_every_host(site, folder):
    (folder / "copy1.txt").write_text("same")
    (folder / "copy2.txt").write_text("same")
    tags = {site.ask(get(f"/copy{n}.txt")).headers["etag"] for n in (1, 2)}
    assert len(tags) == 1


def test_a_file_too_large_to_hash_has_a_tag_that_changes_with_it(site, folder):
    path = folder / "large.bin"
    tags = set()
    for byte in (b"a", b"b"):
        with path.open("wb") as file:
            file.truncate(9_000_000)
            file.write(byte)
        head = get("/large.bin", method="HEAD")
        first, again = (site.ask(head).headers["etag"] for _ in range(2))
        assert first == again
        tags.add(first)
    assert len(tags) == 2


# What there is not ----------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/rooms/65f", "/login", "/a.b.c", "/deep", "/deep/"])
def test_an_unknown_path_is_the_index_for_browsers_and_404_for_others(site, path):
    answer = site.ask(get(path, HTML))
    assert (answer.status, "<title>index" in answer.text) == (200, True)
    assert answer.headers["cache-control"] == "no-cache"
    assert site.ask(get(path)).status == 404
    assert site.ask(get(path, "Accept: */*")).status == 404


@pytest.mark.parametrize("path", ["/api", "/api/x", "/assets/gone-1.js", "/assets/", "/assets"])
def test_unknown_paths_of_api_and_assets_are_404_for_everybody(site, path):
    assert site.ask(get(path, HTML)).status == 404


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/deep/../../secret.txt",
        "/%2e%2e/secret.txt",
        "/%2e%2e%2fsecret.txt",
        "/..%2fsecret.txt",
        "/deep/..%2f..%2fsecret.txt",
        "/%252e%252e/secret.txt",
        "/..%5csecret.txt",
        "/%5c..%5csecret.txt",
        "//etc/passwd",
        "/deep//er",
        "/./a.txt",
        "/a.txt/",
        "/a.txt/.",
        "/%2fetc/passwd",
        "/.env",
        "/%2eenv",
        "/.well/known.txt",
        "/deep/.hidden",
        "/out.txt",
        "/up/secret.txt",
        "/up/www/a.txt",
        "/in.txt",
        "/pipe.txt",
        "/a.txt%0a",
        "/a%7f.txt",
        "/" + "a" * 1500,
        "/" + "x/" * 500,
    ],
)
def test_there_is_no_way_out_of_the_folder_nor_to_what_is_hidden(site, path):
    answer = site.ask(get(path))
    assert answer.status == 404
    assert "secret" not in answer.text and "root:" not in answer.text
    browser = site.ask(get(path, HTML))
    assert browser.status == 404 or "<title>index" in browser.text


def test_an_escaped_nul_never_reaches_a_file_name(site):
    assert site.ask(get("/a.txt%00.js")).status == 400


def test_escapes_are_undone_once(site):
    assert site.ask(get("/deep/er/a%20b%2541.txt")).text == "deep"
    assert site.ask(get("/deep/er/a%20b%41.txt")).status == 404


# Sending --------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_other_methods_are_405_and_told_which_there_are(site, method):
    answer = site.ask(get("/a.txt", method=method))
    assert (answer.status, answer.headers["allow"]) == (405, "GET, HEAD")


def test_head_of_a_file_has_its_length_and_no_body(site):
    with site.wire() as wire:
        head = wire.send(get("/big.png", method="HEAD")).answer(head=True)
        assert (head.status, head.headers["content-length"]) == (200, "3000000")
        assert wire.send(get("/a.txt")).answer().text == "content of a.txt"


def test_a_large_file_and_what_is_pipelined_behind_it_arrive_whole(site, folder):
    with site.wire() as wire:
        wire.send(get("/big.png") + get("/empty.txt") + get("/a.txt"))
        assert wire.answer().body == (folder / "big.png").read_bytes()
        assert wire.answer().body == b""
        assert wire.answer().text == "content of a.txt"


def test_a_file_that_shrinks_while_it_is_sent_ends_that_connection_only(site, folder):
    path = folder / "shrinking.bin"
    with path.open("wb") as file:
        file.truncate(50_000_000)
    with site.wire() as wire:
        wire.send(get("/shrinking.bin")).until(b"\r\n\r\n")
        wire.take(100_000)
        os.truncate(path, 0)
        received = 100_000 + len(wire.buffer)
        while data := wire.socket.recv(1 << 20):
            received += len(data)
        assert received < 50_000_000
    assert site.ask(get("/a.txt")).status == 200


def test_files_sent_and_not_sent_leave_no_descriptor_open(site):
    with site.wire() as wire:
        wire.send(get("/a.txt")).answer()
        before = site.descriptors()
        tag = wire.send(get("/a.js")).answer().headers["etag"]
        for _ in range(50):
            wire.send(get("/a.js", f"If-None-Match: {tag}")).answer()
            wire.send(get("/a.js", method="HEAD")).answer(head=True)
            wire.send(get("/empty.txt")).answer()
            wire.send(get("/pipe.txt")).answer()
            wire.send(get("/assets/app-Bx12.js", "Accept-Encoding: br")).answer()
        wait_for(lambda: site.descriptors() <= before)


def test_a_range_is_ignored(site):
    answer = site.ask(get("/a.txt", "Range: bytes=0-1"))
    assert (answer.status, answer.text) == (200, "content of a.txt")


def test_a_file_that_cannot_be_opened_for_want_of_descriptors_is_503(folder):
    with Probe("-s", str(folder), "-n", "40") as probe:
        wires = [probe.wire() for _ in range(60)]
        wait_for(lambda: "accept failed" in probe.errors())
        assert wires[0].send(get("/a.txt")).answer().status == 503
        for wire in wires[1:]:
            wire.socket.close()
        wait_for(lambda: probe.descriptors() < 20)
        assert wires[0].send(get("/a.txt")).answer().text == "content of a.txt"
        wires[0].socket.close()
