"""FreeSWITCH by its event socket, both ways: its calls connect to us, and we connect to it."""
