from devenv.cluster.images.pip_config import parse, pip_conf

LISTING = """\
:env:.cert='/etc/ssl/certs/ca-certificates.crt'
:env:.index-url='https://a.example/simple'
global.index-url='https://b.example/simple'
global.trusted-host='a.example\\nb.example'
install.find-links='/opt/wheels'
"""


def test_the_environment_comes_before_files_and_paths_stay_here():
    assert parse(LISTING) == {
        "index-url": "https://a.example/simple",
        "trusted-host": "a.example\nb.example",
    }


def test_a_value_of_several_lines_is_continued():
    assert pip_conf({"trusted-host": "a\nb", "timeout": "60"}) == (
        "[global]\ntrusted-host = a\n  b\ntimeout = 60\n"
    )
