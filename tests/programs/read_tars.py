"""What WebDataset reads of an export."""

import glob
import json
import sys
import webdataset

shards = sorted(glob.glob(sys.argv[1]))
samples = webdataset.WebDataset(shards, shardshuffle=False).decode("pil").to_tuple("try_on_image.png", "json")
print(json.dumps([[text["key"], image.tobytes().hex()] for image, text in samples]))
