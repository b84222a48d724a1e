"""What the load relies on in Locust and gevent beyond their documented use is there, name by name.

Rule: a version that renames or drops one of them fails here, by its name, and not in the middle of a run. Both patch
their process, so another one is asked.
"""

import json
import subprocess
import sys

import pytest

NAMES = {
    "locust.runners:HEARTBEAT_LIVENESS": "",
    "locust.runners:MASTER_HEARTBEAT_TIMEOUT": "",
    "locust.runners:CONNECT_TIMEOUT": "",
    "locust.runners:CONNECT_RETRY_COUNT": "",
    "locust.runners:WORKER_REPORT_INTERVAL": "",
    "locust.runners:WORKER_LOG_REPORT_INTERVAL": "",
    "locust.runners:WorkerNode": "id",
    "locust.runners:Runner.quit": "self",
    "locust.runners:Runner.start_shape": "self",
    "locust.runners:Runner.user_classes_count": "",
    "locust.runners:MasterRunner": "environment master_bind_host master_bind_port",
    "locust.runners:MasterRunner.handle_message": "self client_id msg",
    "locust.runners:MasterRunner.register_message": "self msg_type listener",
    "locust.runners:MasterRunner.reported_user_classes_count": "",
    "locust.runners:MasterRunner.send_message": "self msg_type data client_id",
    "locust.runners:MasterRunner.start": "self user_count spawn_rate",
    "locust.runners:MasterRunner.stop": "self send_stop_to_client",
    "locust.runners:WorkerNodes.missing": "",
    "locust.runners:WorkerRunner.send_message": "self msg_type data",
    "locust.runners:WorkerRunner.stop": "self",
    "locust.rpc.zmqrpc:BaseSocket.__init__": "self sock_type ipv4_only",
    "locust.rpc.zmqrpc:Client": "host port identity",
    "locust.rpc.zmqrpc:Client.close": "self",
    "locust.rpc.zmqrpc:Client.recv": "self",
    "locust.rpc.zmqrpc:Client.send": "",
    "locust.rpc.zmqrpc:Server": "host port",
    "locust.rpc:Message": "message_type data node_id",
    "locust.env:Environment": "user_classes shape_class dispatcher_class",
    "locust.env:Environment.create_local_runner": "self",
    "locust.env:Environment.create_worker_runner": "self master_host master_port",
    "locust.dispatch:UsersDispatcher": "worker_nodes user_classes",
    "locust.dispatch:UsersDispatcher.__next__": "self",
    "locust.dispatch:UsersDispatcher.add_worker": "self worker_node",
    "locust.dispatch:UsersDispatcher.dispatch_in_progress": "",
    "locust.dispatch:UsersDispatcher.new_dispatch": "self target_user_count spawn_rate user_classes",
    "locust.dispatch:UsersDispatcher.remove_worker": "self worker_node",
    "locust.event:Events.init": "",
    "locust.event:Events.init_command_line_parser": "",
    "locust.event:Events.quitting": "",
    "locust.event:Events.request": "",
    "locust.event:Events.spawning_complete": "",
    "locust.event:Events.test_start": "",
    "locust.event:Events.test_stop": "",
    "locust.event:Events.test_stopping": "",
    "locust.event:Events.user_error": "",
    "locust.exception:RPCError": "",
    "locust.exception:RescheduleTaskImmediately": "",
    "locust.exception:StopTest": "",
    "locust:User": "environment",
    "locust:User.fixed_count": "",
    "locust:User.on_start": "self",
    "locust:User.start": "self group",
    "locust:User.tasks": "",
    "locust:User.weight": "",
    "locust:LoadTestShape.tick": "self",
    "locust.util.load_locustfile:load_locustfile": "path",
    "gevent.core:io": "",
    "gevent.core:loop": "",
    "gevent.hub:Hub.NOT_ERROR": "",
    "gevent.hub:Hub.handle_error": "self context type value tb",
    "gevent.hub:Waiter": "",
    "gevent.monkey:get_original": "mod_name item_name",
    "gevent:Greenlet.rawlink": "self callback",
    "gevent:Greenlet.throw": "self args",
}
"""Module and name -> the parameters that are passed, in their order, where it is called or overridden."""

LOOK = """
import importlib, inspect, json, sys

def describe(name):
    module, _, path = name.partition(":")
    found = importlib.import_module(module)
    for part in path.split("."):
        if hasattr(found, part):
            found = getattr(found, part)
        elif part in getattr(found, "__annotations__", {}):
            return []
        else:
            return None
    try:
        return list(inspect.signature(found).parameters) if callable(found) else []
    except ValueError:
        return []

json.dump({name: describe(name) for name in json.load(sys.stdin)}, sys.stdout)
"""


@pytest.fixture(scope="module")
def found() -> dict[str, list[str] | None]:
    """Name -> its parameters; None where there is no such name."""
    asked = subprocess.run(
        [sys.executable, "-c", LOOK], input=json.dumps(list(NAMES)), capture_output=True, text=True, check=False
    )
    assert asked.returncode == 0, asked.stderr
    names: dict[str, list[str] | None] = json.loads(asked.stdout)
    return names


@pytest.mark.parametrize("name", NAMES)
def test_it_is_there_and_takes_what_it_is_given(found, name):
    parameters = found[name]
    assert parameters is not None, f"{name} is gone: see who uses it in firsttoken/load and firsttoken/wire"
    wanted = NAMES[name].split()

    assert [parameter for parameter in parameters if parameter in wanted] == wanted


def test_every_constant_of_locust_that_is_set_is_asked_for(found):
    source = "import json; from firsttoken.load.workers.transport import CONSTANTS; print(json.dumps(list(CONSTANTS)))"
    constants = json.loads(subprocess.check_output([sys.executable, "-c", source]))

    assert {f"locust.runners:{name}" for name in constants} <= found.keys()


def test_a_socket_of_locust_keeps_what_it_opened_as_its_socket():
    source = "import zmq; from locust.rpc.zmqrpc import Client; print(type(Client('127.0.0.1', 9, 'a').socket).__mro__)"

    assert "zmq" in subprocess.check_output([sys.executable, "-c", source], text=True)
