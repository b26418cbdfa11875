"""A user's script that is right: no type checker complains."""

from pathlib import Path

import torch
from torch.utils.data import DataLoader

import vton_hf

PREFIXES = ["s3://bucket/dataset_ultimate/"]

vton_hf.configure(region="eu-central-1", bucket="photos", anonymous=True, timeout=10)
vton_hf.configure()

built = vton_hf.load("hard", s3_prefixes=PREFIXES, epoch_size="min", image_size=(512, 384), image_format="png-fast")
streamed = vton_hf.load("easy", streaming=True, s3_prefixes=Path("data"), gender=["female"], cloth="each", split=None)
pairs = vton_hf.load("hard", s3_prefixes=PREFIXES, layout="viton-hd", metadata=Path("people.csv"), companions=["mask"])
held_out = vton_hf.load("hard", split="test", splits={"test": 0.1}, split_by="both", entities={"person": "model_id"})
sized = vton_hf.load("hard", splits=Path("splits.parquet"), epoch_size={"train": "max", "test": 500})
shown: dict[str, int] = vton_hf.split("s3://bucket/", splits={"test": 0.1}, split_by="brand", limit=9).shared
mixed = vton_hf.load("hard", layout={"table": "t.csv"}, mix_by="category", where={"split": ["test"], "weight": 3})
vton_hf.set_transform(built, lambda image: image, sync="person_target", max_broken=3)
streamed = vton_hf.with_transform(streamed, image_size=(512, 384), dtype=torch.uint8, on_error="skip")

dataset = vton_hf.S3VTONDataset(PREFIXES, difficulty_weights={"easy": 1, "hard": 2}, columns=["key"], verify="none")
same = vton_hf.get_vton_dataset("medium", PREFIXES, None, "photos", seed=3, aspect="pad", materialize=True, num_proc=2)
curriculum = vton_hf.Curriculum("linear", stage_length=1000)
sampler = vton_hf.TripletSampler(dataset, 64, curriculum=curriculum, rank=0, num_replicas=1)
loader = DataLoader(same, batch_size=8, collate_fn=vton_hf.collate_triplets)
print(vton_hf.profile_loader(loader, batches=5).rate, len(sampler), dataset.plan.shares[0].coverage)

pushed = vton_hf.push_to_hub("team/vton", configs=["easy", "hard"], s3_prefixes=PREFIXES, max_shard_size="1GB")
url: str | None = pushed.commit_url
exported = vton_hf.export("out", configs="easy", format="webdataset", columns={"image": "try_on_image"}, limit=10)
print(exported.parts[0].rows, url)
status = vton_hf.build("hard", s3_prefixes=PREFIXES, shard=(0, 8), shared_cache=Path("cache"), allow_missing=True)
status = vton_hf.build("hard", s3_prefixes=PREFIXES, engine=vton_hf.RayEngine("auto", num_cpus=2), num_proc=4)
print(vton_hf.build_status("hard", s3_prefixes=PREFIXES).seconds_left, vton_hf.load("easy", engine="ray"))
