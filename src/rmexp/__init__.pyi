from rmexp.losses.bradley_terry import bradley_terry_loss as bradley_terry_loss
from rmexp.losses.dpo import dpo_loss as dpo_loss
from rmexp.losses.next_token import next_token_loss as next_token_loss
from rmexp.metrics.pair_figures import PairFigures as PairFigures
from rmexp.metrics.pairwise_accuracy import PairwiseAccuracy as PairwiseAccuracy
from rmexp.models.folders.folder import load_backbone as load_backbone
from rmexp.models.reward_model import RewardModel as RewardModel
from rmexp.records import Candidates as Candidates
from rmexp.records import Preference as Preference
from rmexp.scoring.text_scorer import Comparison as Comparison
from rmexp.scoring.text_scorer import TextScorer as TextScorer
from rmexp.scoring.text_scorer import load as load
from rmexp.training.data.pair_data import pair_data as pair_data
from rmexp.training.dpo import DPOModule as DPOModule
from rmexp.training.reward import RewardModule as RewardModule
from rmexp.training.sft import SFTModule as SFTModule

__version__: str
__all__: list[str]
