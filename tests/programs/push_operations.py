"""`Dataset.push_to_hub` of our datasets."""

import json
import sys
import datasets
import vton_hf


def identity(image):
    return image


datasets.disable_progress_bars()
options = json.loads(sys.argv[1])
for name, more in (("embedded", {}), ("uris", {"embed_images": False}), ("transformed", {"embed_images": False})):
    rows = vton_hf.load("hard", **options, **more)
    if name == "transformed":
        vton_hf.set_transform(rows, identity)
    rows.push_to_hub("team/vton", name, private=True)
together = datasets.DatasetDict(train=vton_hf.load("hard", **options, embed_images=False))
together.push_to_hub("team/vton", "together", private=True)
