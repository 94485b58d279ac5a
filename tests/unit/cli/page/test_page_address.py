import pytest

from njst.cli.page.page_address import page_address, port_forward


@pytest.mark.parametrize(
    ("job", "address"),
    [
        ("", "http://w:5000/#/jobs"),
        ("0mx-abc", "http://w:5000/#/jobs/0mx-abc"),
        ("a/b?c", "http://w:5000/#/jobs/a%2Fb%3Fc"),
    ],
)
def test_page_address__names_the_job_behind_the_hash(job: str, address: str) -> None:
    assert page_address("http://w:5000", job) == address


@pytest.mark.parametrize(
    ("api", "pod", "command"),
    [
        ("http://127.0.0.1:5000", "", ""),
        ("http://[::1]:5000", "", ""),
        ("http://worker-7:5000", "", ""),
        ("https://njst.example", "", ""),
        ("http://127.0.0.1:5001", "worker-0", "kubectl port-forward pod/worker-0 5000:5001"),
        ("http://njst", "worker-0", "kubectl port-forward service/njst 5000:80"),
        ("http://njst.load", "p", "kubectl --namespace load port-forward service/njst 5000:80"),
        ("http://njst.load.svc", "", "kubectl --namespace load port-forward service/njst 5000:80"),
        (
            "https://njst.load.svc.cluster.local",
            "p",
            "kubectl --namespace load port-forward service/njst 5000:443",
        ),
        ("https://njst.example.com", "p", ""),
    ],
)  # fmt: skip
def test_port_forward__is_told_of_workers_inside_a_cluster(
    api: str, pod: str, command: str
) -> None:
    assert port_forward(api, pod) == command
