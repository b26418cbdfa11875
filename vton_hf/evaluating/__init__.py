"""Evaluation that others can repeat: a test set frozen in a folder, predictions checked against it, and scores."""

from vton_hf.evaluating.frozen import Evaluation
from vton_hf.evaluating.make import evaluation
from vton_hf.evaluating.predictions import Problem
from vton_hf.evaluating.scores import Scores

__all__ = ["Evaluation", "Problem", "Scores", "evaluation"]
