"""`push_to_hub`."""

import json
import sys

import vton_hf

repo_id, options = json.loads(sys.argv[1])
pushed = vton_hf.push_to_hub(repo_id, **options)
print(json.dumps({"url": pushed.url, "new": [part.new_files for part in pushed.parts], "table": str(pushed)}))
