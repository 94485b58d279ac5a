"""Writes kubeconfig files: server, CA and credentials of a client."""

import base64

import yaml


def kubeconfig(
    *,
    server: str,
    ca_pem: bytes,
    user: str,
    token: str,
    namespace: str,
    certified_name: str | None = None,
) -> str:
    """Return a kubeconfig with one context.

    `user` is a label in the file only: who the client is, the server learns from the token.
    `certified_name` is what the server's certificate names where that is not its address.
    """
    name = "njst-local"
    certified = {} if certified_name is None else {"tls-server-name": certified_name}
    return yaml.safe_dump(
        {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": name,
            "clusters": [
                {
                    "name": name,
                    "cluster": {
                        "server": server,
                        "certificate-authority-data": base64.b64encode(ca_pem).decode(),
                        **certified,
                    },
                }
            ],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [
                {"name": name, "context": {"cluster": name, "user": user, "namespace": namespace}}
            ],
        },
        sort_keys=False,
    )
