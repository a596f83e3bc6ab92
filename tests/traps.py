"""Functions a sandbox child can be given in the decoder's place: what a hostile file might make a decoder do."""

import os
import signal
import sys
import time
from pathlib import Path


def by_name(job: dict[str, str]) -> dict[str, object]:
    """Misbehave as the file is called; any other name gets the child's own process id as its size."""
    path = Path(job["berkas"])
    match path.stem:
        case "macet":
            time.sleep(600)
        case "rakus":
            return {"ukuran_byte": len(bytearray(8 << 30))}
        case "jatuh":
            os.kill(os.getpid(), signal.SIGSEGV)
        case "cerewet":
            return {"galat_rinci": "x" * (2 << 20)}
        case "menulis":
            path.with_suffix(".baru").write_bytes(b"x")
        case "terkejut":
            raise AttributeError("tidak terduga")
        case "berisik":
            print("bukan jawaban", flush=True)
            os.write(1, b"bukan jawaban\n")
        case "tanpa_pustaka":
            raise ModuleNotFoundError("No module named 'PIL'")
        case "rahasia":
            return {"galat_rinci": ",".join(sorted(os.environ)) + str(len(sys.argv))}
    return {"ukuran_byte": os.getpid()}
