import prettier from 'eslint-config-prettier';
import vue from 'eslint-plugin-vue';
import ts from 'typescript-eslint';

export default ts.config(
    { ignores: ['dist/'] },
    ...ts.configs.recommended,
    ...vue.configs['flat/recommended'],
    {
        files: ['**/*.vue'],
        languageOptions: { parserOptions: { parser: ts.parser } },
    },
    {
        rules: {
            'vue/multi-word-component-names': 'off',
            'vue/no-v-html': 'error',
            'vue/no-static-inline-styles': ['error', { allowBinding: true }],
            eqeqeq: ['error', 'always'],
            'no-console': 'error',
        },
    },
    { files: ['build/**'], rules: { 'no-console': 'off' } },
    prettier,
);
