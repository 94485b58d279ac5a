import csv
import json
import tomllib

import yaml

from devenv.cluster.node import node_settings
from devenv.cluster.node.node_settings import User


def test_users_are_read_as_the_api_server_reads_them():
    text = node_settings.token_file([User("a", "1"), User("b", "2", "g,h")])
    assert list(csv.reader(text.splitlines())) == [["1", "a", "a"], ["2", "b", "b", "g,h"]]


def test_files_are_well_formed():
    assert tomllib.loads(node_settings.CONTAINERD)["plugins"]["io.containerd.grpc.v1.cri"]
    assert [plugin["type"] for plugin in json.loads(node_settings.CNI)["plugins"]] == [
        "bridge",
        "portmap",
    ]
    assert yaml.safe_load(node_settings.kubelet("njst"))["cgroupRoot"] == "/njst"


def test_every_folder_is_a_volume_of_this_node():
    storage_class, *volumes = yaml.safe_load_all(node_settings.storage())
    assert storage_class["volumeBindingMode"] == "WaitForFirstConsumer"
    assert [volume["spec"]["local"]["path"] for volume in volumes] == node_settings.volume_folders()
    assert len({volume["metadata"]["name"] for volume in volumes}) == len(volumes)
