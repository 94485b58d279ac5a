"""Windows of a job: merged from processes to a participant, from participants to a job; pure."""
