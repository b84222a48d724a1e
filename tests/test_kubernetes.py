"""docs/kubernetes: the manifests fit each other, the commands in them are ours, and the scenario is one that runs."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from firsttoken.cli.commands import app
from firsttoken.scenario.reading import load_scenario
from tests.plain_yaml import read, read_documents

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "kubernetes.md").read_text()
FILES = sorted((DOCS / "kubernetes").glob("*.yaml"))
OBJECTS: dict[tuple[str, str], Any] = {
    (found["kind"], found["metadata"]["name"]): found
    for path in FILES
    for found in read_documents(path.read_text())
    if isinstance(found, dict)
}
MASTER = OBJECTS["Job", "firsttoken-master"]["spec"]
WORKERS = OBJECTS["Job", "firsttoken-workers"]["spec"]


def container(job: Any) -> Any:
    [only] = job["template"]["spec"]["containers"]
    return only


def find(node: Any, key: str) -> Iterator[Any]:
    """Every value of a key, however deep."""
    if isinstance(node, dict):
        yield from (value for name, value in node.items() if name == key)
    for below in node.values() if isinstance(node, dict) else node if isinstance(node, list) else []:
        yield from find(below, key)


@pytest.mark.parametrize("job", [MASTER, WORKERS], ids=["master", "workers"])
def test_a_container_runs_a_command_of_ours(job: Any) -> None:
    assert callable(app.parse_args(container(job)["args"], exit_on_error=False, print_error=False)[0])


def test_as_many_workers_are_started_as_are_waited_for() -> None:
    args = container(MASTER)["args"]

    assert args[args.index("--remote") + 1] == WORKERS["completions"] == WORKERS["parallelism"]


def test_workers_find_the_master_and_nobody_else_may() -> None:
    port = container(MASTER)["args"][-2].rpartition(":")[2]
    service, policy = OBJECTS["Service", "firsttoken-master"]["spec"], OBJECTS["NetworkPolicy", "firsttoken-master"]

    assert container(WORKERS)["args"][2] == f"firsttoken-master:{port}"
    assert service["ports"] == [{"port": port}] and container(MASTER)["ports"] == [{"containerPort": port}]
    assert (
        service["selector"] == MASTER["template"]["metadata"]["labels"] == policy["spec"]["podSelector"]["matchLabels"]
    )
    [rule] = policy["spec"]["ingress"]
    [caller] = rule["from"]
    assert rule["ports"] == [{"port": port}]
    assert caller["podSelector"]["matchLabels"] == WORKERS["template"]["metadata"]["labels"]


@pytest.mark.parametrize("job", [MASTER, WORKERS], ids=["master", "workers"])
def test_every_volume_that_is_mounted_is_there(job: Any) -> None:
    pod = job["template"]["spec"]
    volumes = {volume["name"]: volume for volume in pod["volumes"]}

    assert [mount["name"] for mount in container(job)["volumeMounts"]] == list(volumes)
    assert {("PersistentVolumeClaim", name) for name in find(pod, "claimName")} <= OBJECTS.keys()
    assert {("ConfigMap", config["name"]) for config in find(pod, "configMap")} <= OBJECTS.keys()


def test_the_scenario_is_one_that_runs_and_its_key_is_in_the_environment_of_all(tmp_path: Path) -> None:
    [(name, text)] = OBJECTS["ConfigMap", "firsttoken-scenario"]["data"].items()
    (tmp_path / name).write_text(text)

    [target] = load_scenario(tmp_path / name).target

    assert container(MASTER)["args"][1] == f"/scenario/{name}"
    assert target.base_url, "a simulated target is on no other machine"
    for job in (MASTER, WORKERS):
        [variable] = container(job)["env"]
        assert variable["name"] == target.key_env
        secret = variable["valueFrom"]["secretKeyRef"]
        assert f"create secret generic {secret['name']} --from-literal={secret['key']}=" in PAGE


def test_what_a_worker_spools_outlives_its_container() -> None:
    args = container(WORKERS)["args"]
    mounts = {mount["mountPath"]: mount["name"] for mount in container(WORKERS)["volumeMounts"]}

    assert {"name": mounts[args[args.index("--spool") + 1]], "emptyDir": {}} in WORKERS["template"]["spec"]["volumes"]
    assert WORKERS["template"]["spec"]["restartPolicy"] == "OnFailure"


def test_the_page_names_every_file_and_every_file_says_what_it_is() -> None:
    assert set(re.findall(r"\]\(kubernetes/(\w+\.yaml)\)", PAGE)) == {path.name for path in FILES}
    assert all(path.read_text().startswith("# ") for path in FILES)


@pytest.mark.parametrize(
    "text", ["a:\n\tb: 1", "a: &b 1", "a: {b: 1}", "a: 1\na: 2", "a:\nb: 1", "- a\nb: 1", "a: 'b'"]
)
def test_yaml_that_is_not_plain_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected"):
        read(text)
