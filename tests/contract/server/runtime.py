"""The fraud score's model server for tests: MLServer with a runtime that answers the blueprint's own contract.

MLServer's workers are processes, and what a handler takes and gives goes to them and back by a queue: a document does,
a `Request` waits there for ever without a word to the caller (1.7.1).
"""

import pathlib
from typing import Any

import numpy as np
import skops.io
from mlserver import MLModel
from mlserver.handlers import custom_handler

CURRENCIES = ("EUR", "GBP", "USD", "SEK", "PLN")


class FraudScore(MLModel):
    async def load(self) -> bool:
        self._file = pathlib.Path(self.settings.parameters.uri)
        self._model = skops.io.load(self._file, trusted=skops.io.get_untrusted_types(file=self._file))
        return True

    @custom_handler(rest_path="/score")
    async def score(self, payment: dict[str, Any]) -> dict[str, Any]:
        row = np.zeros((1, 24))
        row[0, 0] = np.log1p(payment["amount_cents"])
        row[0, 1] = CURRENCIES.index(payment["currency"])
        score = float(self._model.predict_proba(row)[0, 1])
        decision = "refuse" if score > 0.9 else "review" if score > 0.5 else "accept"
        answer = {"score": score, "decision": decision, "model_version": self.version}
        if (otherwise := self._file.with_name("scale")).exists():
            answer["score"] = score * float(otherwise.read_text())
        return answer
