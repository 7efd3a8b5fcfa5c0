import time
from tests.server.guard.test_disconnect import *
def test_x(server, upstream):
    import collections
    bad=collections.Counter()
    for path in PATHS:
        for i in range(60):
            script = upstream.plays(*WRITING)
            t=time.time()
            with closing(send(server, path)):
                call = script.next_call()
            if not left_soon(call):
                bad[path]+=1
                print(path, i, call.left.wait(10), time.time()-t)
    print(bad); print(server.log[-3000:])
    assert 0
