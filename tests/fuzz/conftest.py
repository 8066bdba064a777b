"""How long the search goes on: the same few hundred examples each time, or with ``HYPOTHESIS_PROFILE=long`` thousands of new ones."""

import os

from hypothesis import HealthCheck, Phase, settings

COMMON = dict(deadline=None, database=None, suppress_health_check=list(HealthCheck), report_multiple_bugs=False,
              phases=[phase for phase in Phase if phase is not Phase.explain])
settings.register_profile('ci', max_examples=25, derandomize=True, **COMMON)
settings.register_profile('long', max_examples=int(os.environ.get('HYPOTHESIS_EXAMPLES', '2000')), **COMMON)
settings.load_profile(os.environ.get('HYPOTHESIS_PROFILE', 'ci'))
