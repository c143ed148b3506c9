from mmgreen.apis.look import Look


def test_full_is_the_exception():
    assert Look(4, 3, []).num_full == 0
