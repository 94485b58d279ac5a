import base64

import yaml

from devenv.kubernetes.kubeconfig import kubeconfig


def test_the_one_context_names_server_user_and_namespace() -> None:
    config = yaml.safe_load(
        kubeconfig(server="https://s", ca_pem=b"pem", user="u", token="t", namespace="n")
    )
    [context], [cluster], [user] = config["contexts"], config["clusters"], config["users"]
    assert config["current-context"] == context["name"]
    assert context["context"] == {"cluster": cluster["name"], "user": "u", "namespace": "n"}
    assert base64.b64decode(cluster["cluster"]["certificate-authority-data"]) == b"pem"
    assert (cluster["cluster"]["server"], user["user"]) == ("https://s", {"token": "t"})
