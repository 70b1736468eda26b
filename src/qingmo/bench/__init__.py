"""How fast a model is on this machine, beside what the machine could do: the work behind `qingmo bench`.

plan.py workload.py       what is asked: plain data, the same for every subject
subject.py limits.py      what is measured of it
local.py model_process.py a model of ours, in a process of its own
server.py                 any OpenAI-compatible server
watch.py conditions.py    what memory was taken, and what disturbed the run
measure.py results.py     everything in turns, and what came of it
tables.py, then terminal.py markdown.py page.py pictures.py    the report
"""
