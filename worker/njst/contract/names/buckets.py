"""Names of key-value buckets and object stores on JetStream (ADR-8, ADR-20)."""

from base64 import urlsafe_b64encode

BUCKET = "KV_"


OBJECTS = "OBJ_"


def chunk_subject(bucket: str, nuid: str) -> str:
    """Return the subject of an object's chunks; `>` as the id matches all chunks (ADR-20)."""
    return f"$O.{bucket}.C.{nuid}"


def meta_subject(bucket: str, name: str) -> str:
    """Return the subject of an object's description, with its name in base64; `>` matches all."""
    if name == ">":
        return f"$O.{bucket}.M.>"
    return f"$O.{bucket}.M.{urlsafe_b64encode(name.encode()).decode()}"


def key_subject(bucket: str, key: str) -> str:
    """Return the subject of a bucket's key, or of many with wildcards (ADR-8)."""
    return f"$KV.{bucket}.{key}"


def bucket_of(stream_name: str) -> str:
    """Return the name of the key-value bucket of a stream (ADR-8)."""
    return stream_name.removeprefix(BUCKET)
