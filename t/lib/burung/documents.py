"""doc/openapi.yaml and doc/asyncapi.yaml as a judge of what is said: strictly, so that a field
which is not documented is an error, and with a note of every field that was seen."""

import json
import re
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from burung.server import TOP

BRANCHES = ("allOf", "oneOf", "anyOf")
COMMON = re.compile(r"    # --- From here on the same as in doc/\w+\.yaml; .*\n")


def pointed(tree: dict, reference: str):
    """What `#/a/b` names."""
    for part in reference.removeprefix("#/").split("/"):
        tree = tree[part]
    return tree


class Document:
    """One of the files. Its schemas are read leniently (more fields may come) by those who use
    it, and strictly here."""

    def __init__(self, name: str):
        self.path: Path = TOP / "doc" / name
        self.text = self.path.read_text()
        self.tree = yaml.safe_load(self.text)
        self.seen: set[str] = set()
        self._validators: dict[str, Draft202012Validator] = {}

    def common_part(self) -> str:
        """The schemas that both files have, as text."""
        _, common = COMMON.split(self.text)
        return common

    def resolve(self, node: dict) -> dict:
        while "$ref" in node:
            node = pointed(self.tree, node["$ref"])
        return node

    # Strictness

    def merged(self, schema: dict) -> dict:
        """The schema without a reference or allOf at its top."""
        schema = self.resolve(schema)
        made = {k: v for k, v in schema.items() if k != "allOf"}
        for part in map(self.merged, schema.get("allOf", ())):
            twice = made.get("properties", {}).keys() & part.get("properties", {}).keys()
            both = {k: {"allOf": [made["properties"][k], part["properties"][k]]} for k in twice}
            properties = {**made.get("properties", {}), **part.get("properties", {}), **both}
            required = [*made.get("required", ()), *part.get("required", ())]
            made = {**made, **part, "properties": properties, "required": required}
        return made

    def strict(self, schema: dict, *, branch: bool = False) -> dict:
        """The schema without references, every object of it closed. One of several is closed
        by what has them, since that may have fields of its own."""
        schema = self.merged(schema)
        made = {k: v for k, v in schema.items() if k not in ("properties", "items", *BRANCHES)}
        for key in BRANCHES:
            if key in schema:
                made[key] = [self.strict(each, branch=True) for each in schema[key]]
        if "properties" in schema:
            made["properties"] = {k: self.strict(v) for k, v in schema["properties"].items()}
        for key in ("items", "additionalProperties"):
            if isinstance(schema.get(key), dict):
                made[key] = self.strict(schema[key])
        is_object = "properties" in schema or any(key in schema for key in BRANCHES)
        if is_object and not branch and "additionalProperties" not in schema:
            made["unevaluatedProperties"] = False
        return made

    def errors(self, schema: dict, value, *, branch: bool = False) -> list[str]:
        key = f"{branch} {json.dumps(schema, sort_keys=True)}"
        if key not in self._validators:
            strict = self.strict(schema, branch=branch)
            self._validators[key] = Draft202012Validator(strict)
        return [
            f"{'.'.join(map(str, error.absolute_path)) or 'all of it'}: {error.message[:300]}"
            for error in self._validators[key].iter_errors(value)
        ]

    def check(self, schema: dict, value, what: str) -> None:
        """Fails unless the value is just what the schema says; notes its fields."""
        errors = self.errors(schema, value)
        assert not errors, f"{what} is not as in {self.path.name}: {errors}\n{value}"
        self.seen |= self._walk(schema, what, value)

    # What there is, and what was seen: `Room.label`, `Role=admin`

    def documented(self, schema: dict, owner: str) -> set[str]:
        return self._walk(schema, owner, None, everything=True)

    def _walk(self, schema: dict, owner: str, value, *, everything: bool = False) -> set[str]:
        if "$ref" in schema:
            owner = schema["$ref"].rpartition("/")[2]
            schema = self.resolve(schema)
        found: set[str] = set()

        def into(part: dict, name: str, inner) -> None:
            found.update(self._walk(part, name, inner, everything=everything))

        for key in BRANCHES:
            for part in schema.get(key, ()):
                if everything or key == "allOf" or not self.errors(part, value, branch=True):
                    into(part, owner, value)
        for name, part in schema.get("properties", {}).items():
            if everything or (isinstance(value, dict) and name in value):
                found.add(f"{owner}.{name}")
                into(part, f"{owner}.{name}", None if everything else value[name])
        if isinstance(schema.get("items"), dict):
            for inner in [None] if everything else value if isinstance(value, list) else ():
                into(schema["items"], f"{owner}[]", inner)
        if isinstance(schema.get("additionalProperties"), dict):
            for inner in [None] if everything else value.values():
                into(schema["additionalProperties"], f"{owner}{{}}", inner)
        for each in schema.get("enum", ()):
            if everything or value == each:
                found.add(f"{owner}={each}")
        return found


class OpenApi(Document):
    def __init__(self):
        super().__init__("openapi.yaml")
        self.ops = {
            path.removeprefix("/api/"): item["post"]
            for path, item in self.tree["paths"].items()
            if path.startswith("/api/")
        }

    def is_public(self, op: str) -> bool:
        return self.ops[op].get("security") == []

    def request(self, op: str) -> dict:
        return self.ops[op]["requestBody"]["content"]["application/json"]["schema"]

    def statuses(self, op: str) -> dict[int, dict]:
        return {int(s): self.resolve(r) for s, r in self.ops[op]["responses"].items()}

    def response(self, op: str, status: int, kind: str = "application/json") -> dict:
        described = self.statuses(op)
        assert status in described, f"{op}: status {status} is not in {self.path.name}"
        content = described[status]["content"]
        assert kind in content, f"{op}: {kind} with {status} is not in {self.path.name}"
        return content[kind]["schema"]

    def codes(self, op: str, status: int) -> list[str]:
        """The error codes that go with a status of this command."""
        only = self.response(op, status)["allOf"][1]
        return only["properties"]["error"]["properties"]["code"]["enum"]

    def refusals(self, op: str) -> set[tuple[int, str]]:
        return {(s, code) for s in self.statuses(op) if s != 200 for code in self.codes(op, s)}

    def check_request(self, op: str, fields: dict) -> None:
        self.check(self.request(op), fields, f"{op} asked")

    def check_answer(self, op: str, status: int, answer: dict) -> None:
        self.check(self.response(op, status), answer, f"{op} answered {status}")

    def check_header(self, op: str, status: int, name: str, value: str | None) -> None:
        described = self.statuses(op)[status].get("headers", {}).get(name)
        if value is None:
            return
        assert described, f"{op}: {name} with {status} is not in {self.path.name}"
        schema = self.resolve(described)["schema"]
        given = int(value) if schema["type"] == "integer" else value
        self.check(schema, given, f"{op} {name}")

    def all_fields(self) -> set[str]:
        found: set[str] = set()
        for op in self.ops:
            found |= self.documented(self.request(op), f"{op} asked")
            found |= self.documented(self.response(op, 200), f"{op} answered 200")
        return found


class AsyncApi(Document):
    def __init__(self):
        super().__init__("asyncapi.yaml")
        self.messages = self.tree["components"]["messages"]
        self.ops = {
            name: item
            for name, item in self.tree["operations"].items()
            if item["action"] == "receive"
        }
        self.said: set[str] = set()  # names of messages that went over the line

    def close_codes(self) -> set[int]:
        return set(map(int, self.tree["channels"]["socket"]["x-close-codes"]))

    def _message(self, name: str, value: dict) -> None:
        assert name in self.messages, f"{name} is not in {self.path.name}: {value}"
        self.check(self.messages[name]["payload"], value, name)
        self.said.add(name)

    def check_command(self, frame: dict) -> None:
        self._message(f"command_{frame['op']}", frame)

    def check_frame(self, frame: dict, op: str | None = None) -> None:
        """A frame of the server; op: the command that it answers."""
        if "error" in frame:
            self._message("refusal", frame)
        elif "re" in frame:
            self._message(f"answer_{op}", frame)
        elif "ev" in frame:
            self._message(f"event_{frame['ev']}", frame)
        else:
            self._message(f"signal_{frame['sig']}", frame)

    def all_fields(self) -> set[str]:
        found: set[str] = set()
        for name, message in self.messages.items():
            found |= self.documented(message["payload"], name)
        return found
