"""The fraud score's model server for tests: MLServer with a runtime that answers the blueprint's own contract."""

import json
import os
import pathlib

import numpy as np
import skops.io
from mlserver import MLModel
from mlserver.handlers import custom_handler
from starlette.requests import Request
from starlette.responses import Response

CURRENCIES = ("EUR", "GBP", "USD", "SEK", "PLN")
ANSWER = os.environ.get("TEST_ANSWER", "score")


class FraudScore(MLModel):
    async def load(self) -> bool:
        file = pathlib.Path(self.settings.parameters.uri)
        self._model = skops.io.load(file, trusted=skops.io.get_untrusted_types(file=file))
        return True

    @custom_handler(rest_path="/score")
    async def score(self, request: Request) -> Response:
        asked = json.loads(await request.body())
        row = np.zeros((1, 24))
        row[0, 0] = np.log1p(asked["amount_cents"])
        row[0, 1] = CURRENCIES.index(asked["currency"])
        score = float(self._model.predict_proba(row)[0, 1])
        decision = "refuse" if score > 0.9 else "review" if score > 0.5 else "accept"
        answer = {ANSWER: score, "decision": decision, "model_version": self.version}
        return Response(json.dumps(answer), media_type="application/json")
