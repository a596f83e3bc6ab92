"""What CKAN's own harvester (ckanext-dcat) makes of a catalogue, as JSON: `ckan_harvests.py FILE FORMAT PROFILE`.

Runs in the environment of `real_ckan.py`, and without any server. CKAN pins what we need newer: no part of ours.
"""

import json
import sys
from pathlib import Path

from ckanext.dcat.processors import RDFParser

file, form, profile = sys.argv[1:]
parser = RDFParser(profiles=[profile])
parser.parse(Path(file).read_text("utf-8"), _format=form)
print(json.dumps(list(parser.datasets())))
