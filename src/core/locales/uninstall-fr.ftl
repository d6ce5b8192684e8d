# Words of the uninstallation.

operation-title-uninstall = Désinstallation de { $release }
uninstall-no-way-back = ce qui est enlevé ne peut pas revenir
step-clear-node = Nettoyer ce que Kubernetes a laissé en marche
step-remove-kubernetes = Enlever les fichiers de Kubernetes
step-remove-volumes = Supprimer les données des applications
step-remove-store = Enlever les parties de la version
step-hand-over-removal = Passer la main à ce qui enlève Bridle lui-même
step-keep-secrets = Conserver les mots de passe avec lesquels les données ont été créées ({ $count })

missing-node-traces = Kubernetes a laissé quelque chose : { $what }
missing-kept-secret = le secret { $secret } de { $namespace } n’est pas encore conservé
missing-removal-unit = ce qui enlève Bridle lui-même n’est pas en place

removal-volume = données
removal-secrets = mots de passe des données
removal-configuration = configuration, clés des éditeurs, autorité du site
removal-receipt = inventaire de ce qui était là avant
removal-running = services, programmes en conteneurs, leur réseau et leurs règles
removal-kubernetes = fichiers de Kubernetes
removal-store = parties de la version
removal-programs = programmes et service de Bridle
removal-history = journaux et dernier état

removal-item = { $thing } : { $name }
uninstall-of = Désinstallation de { $release } de ce serveur
uninstall-of-nothing = Désinstallation de Bridle de ce serveur ; aucune version n’y a été commencée
uninstall-goes = Ce qui part
uninstall-stays = Ce qui reste
uninstall-stays-nothing = rien : le serveur est comme avant l’arrivée de Bridle
uninstall-stays-why = Une installation sur ce serveur retrouve ce qui reste et s’en sert.
uninstall-steps = Étapes
uninstall-total = { $size } en tout
uninstall-dry-run = Ce n’était que la liste ; rien n’a été modifié.
uninstall-keep-means = Les utilisateurs ne peuvent plus accéder à la plateforme. Les données restent sur ce serveur ; tout le reste part et ne revient que par une nouvelle installation.
uninstall-delete-means = Les utilisateurs ne peuvent plus accéder à la plateforme, et TOUTES SES DONNÉES SONT PERDUES À JAMAIS, même pour une installation future. Faites d’abord une sauvegarde si quelqu’un peut en avoir besoin.
uninstall-ask = Désinstaller maintenant ?
uninstall-ask-name = Tapez { $name } pour supprimer la plateforme avec toutes ses données [ou { $flag }] :
uninstall-nothing-changed = Rien n’a été modifié.
uninstall-stop-means = Une fois commencée, la désinstallation continue d’elle-même, même après un redémarrage du serveur.
uninstall-waking = L’agent ne fonctionne pas ; démarrage…
uninstall-last-act = Bridle s’enlève lui-même…
uninstall-done-keep = Tout est parti sauf les données. Pour les utiliser à nouveau, installez sur ce serveur.
uninstall-done-delete = Tout est parti. Le serveur est comme avant l’installation.
end-uninstalled = { $release } est désinstallée. Durée : { $time }.
end-uninstalled-next = Les programmes et le service de Bridle partent en dernier, d’eux-mêmes.
kept-readme = Voici les mots de passe avec lesquels les données de ../volumes ont été créées. Gardez ce dossier avec les données : une installation sur ce serveur reprend les mots de passe, puis enlève le dossier. Ne le montrez à personne.

BR-1140 = La désinstallation doit être confirmée, et personne ne peut répondre.
    .why = L’entrée n’est pas un terminal.
    .fix = Voyez ce qui part et ce qui reste avec : bridle uninstall --dry-run. Puis ajoutez : { $flag }
BR-1141 = Le nom { $found } n’est pas celui de cette plateforme.
    .why = La suppression de toutes les données se confirme par le nom du site ou de la version, pour que personne ne le fasse sur le mauvais serveur.
    .fix = Voyez le nom avec : bridle uninstall --delete-data --dry-run. Puis : --confirm NOM
BR-1142 = Le serveur n’est plus comme au moment de la confirmation.
    .why = Ce qui est confirmé est ce qui est fait ; quelque chose a changé entre-temps.
    .fix = Regardez et confirmez à nouveau : bridle uninstall
BR-1143 = Quelque chose est encore monté sur { $path }.
    .why = Y enlever des fichiers atteindrait un autre disque ou dossier ; rien n’y a donc été touché.
    .fix = Voyez qui l’utilise avec : fuser -vm { $path }. Arrêtez ce programme, puis : bridle operation retry
BR-1144 = Les mots de passe avec lesquels les données ont été créées ne peuvent pas être conservés : { $what }.
    .why = Kubernetes les détient et ne les donne pas. Sans eux, les données qui restent ne pourraient plus être ouvertes.
    .fix = Corrigez la cause, puis : bridle operation retry. Si les données ne servent plus : bridle operation skip --reason TEXTE
BR-1145 = L’inventaire de ce qui était sur ce serveur auparavant est inutilisable : { $path }.
    .why = Sans lui, Bridle pourrait enlever ce qui ne lui appartient pas.
    .fix = Remettez le fichier depuis une sauvegarde, ou écartez-le : seul ce qui appartient à Bridle par son nom est alors enlevé. Puis : bridle operation retry
BR-1146 = Une désinstallation a commencé et n’est pas terminée.
    .why = Bridle s’enlève lui-même en ce moment, ou quelque chose l’en empêche.
    .fix = Regardez : journalctl -u bridle-removal. L’essai est refait de lui-même ; pour essayer tout de suite : systemctl restart bridle-removal
BR-1147 = Une désinstallation ne peut pas être annulée.
    .why = Ce qui est parti est parti.
    .fix = Laissez-la continuer avec : bridle operation retry, ou après une pause avec : bridle operation continue. Puis installez à nouveau.

help-bridle-uninstall = Enlever la plateforme et Bridle de ce serveur
    .more =
        Montre d’abord ce qui part et ce qui reste. Les données des applications restent, sauf avec --delete-data ; restent alors
        aussi la configuration, les clés et les mots de passe des données, pour qu’une nouvelle installation les retrouve.
        Ce qui était sur le serveur avant l’installation n’est jamais touché. Une fois commencée, la désinstallation continue
        d’elle-même, même après un redémarrage du serveur ; Ctrl-C ne quitte que cette commande.
    .examples =
        bridle uninstall --dry-run # montrer seulement ce qui part et ce qui reste
        bridle uninstall # pose la question, conserve les données
        bridle uninstall --delete-data --confirm campus-demo # tout, sans question
    .keep-data = Conserver les données des applications (par défaut)
    .delete-data = Supprimer les données des applications, à jamais
    .confirm = Nom du site ou de la version, au lieu de le taper
    .dry-run = Montrer seulement ce qui part et ce qui reste, avec les tailles
    .yes = Ne pas poser de question ; seulement si les données sont conservées
help-bridle-last-act = La fin d’une désinstallation ; lancée par son service, pas par des personnes
    .examples = systemctl restart bridle-removal
