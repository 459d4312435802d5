from . import PLUGIN

print(PLUGIN)
