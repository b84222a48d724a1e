"""The processes of a run: started, watched and ended.

Children run in sessions of their own: an interrupt reaches only the command, which asks the load to stop. The load ends
first and the simulators a second later, so that no request fails because its server ended. The command and its load
process share a lock on the run folder.
"""
