"""The tester: a small scripted car for stations under test, a small scripted station for cars under test.

Built on the message classes, the EXI codec and the framing alone; nothing here knows our session code, so that a defect
there can't hide itself.
"""
