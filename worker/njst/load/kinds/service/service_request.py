"""Requests to a service, whose answers may be errors."""

import re

from njst.contract.results.tallies import ErrorClass
from njst.load.kinds.core.core_request import CoreRequestCodec
from njst.load.kinds.service.micro_protocol import ERROR_CODE_HEADER, ERROR_HEADER
from njst.load.protocol.jetstream_answers import Failure
from njst.load.protocol.parser import MessageFrame


def _value_of(name: str) -> re.Pattern[bytes]:
    return re.compile(rb"\r\n" + name.encode() + rb":[ \t]*([^\r\n]*)\r\n", re.IGNORECASE)


_ERROR, _CODE = _value_of(ERROR_HEADER), _value_of(ERROR_CODE_HEADER)


class ServiceRequestCodec(CoreRequestCodec):
    """Core requests; an answer with the headers of a service error is a failure."""

    takes_headers = False

    def answer(self, number: int, message: MessageFrame) -> int | Failure:
        """Return the size of the request, or the error with the code and words of the service."""
        words, code = _ERROR.search(message.header), _CODE.search(message.header)
        if words is None and code is None:
            return super().answer(number, message)
        said = b" ".join(found[1] for found in (code, words) if found is not None)
        return Failure(ErrorClass.SERVICE_ERROR, said.decode(errors="replace").strip())
