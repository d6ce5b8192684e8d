# What exactly is wrong with something that the installer refuses; the second sentence of a fault.

BR-1170 = There is no publisher key in { $path }.
    .why = A publisher’s key is a text file of two lines (NAME.pub); this is something else, or it was altered on the way.
    .fix = Get the .pub file from the publisher again, then add: --publisher-key FILE
BR-1171 = Another installer is at work on this server.
    .why = Two at once would get in each other’s way.
    .fix = Let it end, then look at: bridle status. You find it with: pgrep -af install
BR-1172 = The record of the releases that this server has had is damaged: { $path }
    .why = Without it nobody can tell whether a release file is an older one that somebody slips in.
    .fix = Check the disk. Ask the publisher for the number of the newest release, keep a copy of the file, remove it, and take that release.
BR-1173 = The clock says { $time }; no release was built before { $earliest }.
    .why = A certificate that is made now would not be valid once the clock is right, and users could not get in.
    .fix = Set the clock, look at the battery of the server’s clock, then try the step again: bridle operation retry
