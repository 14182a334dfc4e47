@rem For the scripts of package.json on Windows: runs what follows, as the exec of a Unix shell does.
@%*
