"""A user's script with a mistake on each line that ends in a number: type checkers find all of them."""

import vton_hf

vton_hf.load("harder")  # 1
vton_hf.load("hard", s3_prefix=["s3://bucket/"])  # 2
vton_hf.load("hard", epoch_size="all")  # 3
vton_hf.set_transform(vton_hf.load("hard"), image_sise=(512, 384))  # 4
vton_hf.with_transform(vton_hf.load("hard"), sync="al")  # 5
vton_hf.get_vton_dataset("extreme")  # 6
vton_hf.get_vton_dataset("hard", aspect="zoom")  # 7
vton_hf.S3VTONDataset(num_procs=4)  # 8
vton_hf.S3VTONDataset(on_error="skip")  # 9
vton_hf.TripletSampler([], "64")  # 10
vton_hf.push_to_hub("team/vton", configs=["hard"], privat=True)  # 11
vton_hf.push_to_hub("team/vton", license=3)  # 12
vton_hf.export("out", format="csv")  # 13
vton_hf.export("out", cloth="any")  # 14
vton_hf.configure(regio="eu-central-1")  # 15
vton_hf.configure(timeout="10")  # 16
vton_hf.Curriculum("steps")  # 17
vton_hf.profile_loader([], batches="5")  # 18
vton_hf.load("hard", engine="spark")  # 19
vton_hf.build("hard", shard=3)  # 20
vton_hf.RayEngine(num_cpu=2)  # 21
