"""The last module that a fork server loads: what was loaded before it is there to stay.

The collector looks at none of it any more, in the fork server and in every child. That saves the
time of looking, and the pages stay shared, because nobody writes into them. What a child makes,
pages of many thousand objects that live until they are written, it is spared as well: it looks
once or twice in an issue, for some hundred megabytes more of memory at most.
"""

import gc

gc.collect()
gc.freeze()
gc.set_threshold(300_000, 4, 4)
