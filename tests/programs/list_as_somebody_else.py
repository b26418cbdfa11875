"""A listing by a user without rights."""

import json
import os
import sys
from vton_hf.errors import AccessError
from vton_hf.storage import StorageSettings, Store

root = sys.argv[1]
store = Store(StorageSettings())
if os.geteuid() == 0:
    os.setresgid(65534, 65534, 65534)
    os.setresuid(65534, 65534, 65534)
print(json.dumps([[row["uri"], row["size"], row["etag"]] for row in store.list([f"file://{root}/"]).to_pylist()]))
for folder in ("closed", "blind", "closed/inner", "closed/inner+"):
    beside = [f"file://{root}/"] if "+" in folder else []
    try:
        print(json.dumps(len(store.list([f"file://{root}/{folder.rstrip('+')}/", *beside]))))
    except AccessError as error:
        print(json.dumps(str(error)))
